from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.collections import RAW_ITEMS, STATISTICS, VIDEOS, prepare

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document


async def kinds_of(database: AsyncDatabase[Document]) -> dict[str, Any]:
    return {one["name"]: one async for one in await database.list_collections()}


async def test_several_processes_may_make_the_collections_at_once(
    database: AsyncDatabase[Document],
) -> None:
    await asyncio.gather(*(prepare(database) for _ in range(5)))

    kinds = await kinds_of(database)
    assert {VIDEOS, RAW_ITEMS, STATISTICS} <= set(kinds)
    options = kinds[STATISTICS]["options"]["timeseries"]
    assert (options["timeField"], options["metaField"]) == ("observed_at", "meta")


async def test_a_validator_of_an_earlier_version_is_replaced(
    database: AsyncDatabase[Document],
) -> None:
    await database.drop_collection(VIDEOS)
    await database.create_collection(VIDEOS, validator={"title": "nothing else"})

    await prepare(database)

    validator = (await kinds_of(database))[VIDEOS]["options"]["validator"]
    assert "observed_at" in validator["$jsonSchema"]["properties"]


async def test_raw_items_expire_by_themselves(database: AsyncDatabase[Document]) -> None:
    await prepare(database)

    indexes = await database[RAW_ITEMS].index_information()

    assert indexes["expiry"]["key"] == [("expire_at", 1)]
    assert indexes["expiry"]["expireAfterSeconds"] == 0


@pytest.mark.parametrize(
    ("query", "order", "index"),
    [
        ({"author.id": "1"}, "created_at", "author_newest"),
        ({"author.username": "mara"}, "created_at", "username_pages"),
        ({"hashtags": "cooking"}, "created_at", "hashtag_newest"),
        ({"music.id": "1"}, "created_at", "music_pages"),
        ({}, "created_at", "newest"),
    ],
    ids=str,
)
async def test_the_newest_posts_of_anything_are_read_from_an_index(
    query: dict[str, Any], order: str, index: str, database: AsyncDatabase[Document]
) -> None:
    await prepare(database)

    plan = await database[VIDEOS].find(query).sort(order, -1).explain()

    stages = list(stages_of(plan["queryPlanner"]["winningPlan"]))
    assert [stage.get("indexName") for stage in stages if stage["stage"] == "IXSCAN"] == [index]
    assert "SORT" not in [stage["stage"] for stage in stages]


def stages_of(plan: dict[str, Any]) -> list[dict[str, Any]]:
    below = plan.get("inputStage")
    return [plan, *(stages_of(below) if below else [])]
