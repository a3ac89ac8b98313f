from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import accounts.collections
import analysis.rollups.collections
import crawler.jobs.collections
import crawler.jobs.erasures.collections
import crawler.jobs.schedules.collections
import crawler.jobs.webhooks.collections
import pipelines.collections
from accounts.collections import USAGE_DRAINS
from analysis.dictionary import dictionary, indexes, schemas
from pipelines.collections import ROWS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

MODULES = (
    accounts.collections,
    crawler.jobs.collections,
    crawler.jobs.erasures.collections,
    crawler.jobs.schedules.collections,
    crawler.jobs.webhooks.collections,
    pipelines.collections,
    analysis.rollups.collections,
)


def fields_of(schema: Document, prefix: str = "") -> Iterator[tuple[str, Document]]:
    for name, field in schema.get("properties", {}).items():
        yield f"{prefix}{name}", field
        yield from fields_of(field.get("items", field), f"{prefix}{name}.")


@pytest.mark.parametrize("name", schemas())
def test_every_collection_and_field_has_its_sentence(name: str) -> None:
    schema = schemas()[name]
    assert schema["description"].endswith((".", "`"))
    for field, about in fields_of(schema):
        assert about["bsonType"], field
        assert about["description"].endswith("."), field


@pytest.fixture
async def fresh(database: AsyncDatabase[Document]) -> AsyncIterator[AsyncDatabase[Document]]:
    """A database in which no other test has left a collection."""
    database = database.client.get_database("fresh")
    await database.client.drop_database(database)
    yield database
    await database.client.drop_database(database)


@pytest.fixture
async def collections(fresh: AsyncDatabase[Document]) -> dict[str, Any]:
    """Those that the product makes."""
    for module in MODULES:
        await module.prepare(fresh)
    return {one["name"]: one async for one in await fresh.list_collections()}


async def test_mongodb_is_held_to_what_the_dictionary_says(collections: dict[str, Any]) -> None:
    described = schemas()
    assert set(described) <= set(collections)
    for name, schema in described.items():
        validator = collections[name]["options"].get("validator", {})
        assert validator == ({} if name in ROWS else {"$jsonSchema": schema}), name


async def test_the_indexes_are_those_of_the_dictionary(
    collections: dict[str, Any], fresh: AsyncDatabase[Document]
) -> None:
    named = indexes()
    for name in schemas():
        there = set(await fresh[name].index_information()) - {"_id_"}
        assert there == {model.document["name"] for model in named.get(name, ())}, name


async def test_nothing_that_analysts_meet_is_left_out(collections: dict[str, Any]) -> None:
    met = {name for name in collections if not name.startswith("system.")}
    assert met - {USAGE_DRAINS} == set(schemas())


def test_a_field_says_its_type_its_words_and_whether_it_can_be_unknown() -> None:
    page = dictionary()
    assert "| `statistics.likes` | integer, null | How many like it. |" in page
    assert "| `renditions[].codec` | string, null | Its codec:" in page
    assert "Whether it is a video or a series of photos. One of `video`, `photo`. |" in page
    assert "| `username_pages` | `author.username`, `created_at` ↓, `_id` ↓ |  |" in page
    assert "| `expiry` | `expire_at` | deletes documents that are due |" in page
