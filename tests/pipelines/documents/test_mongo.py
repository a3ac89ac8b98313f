from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

import bson
import pytest
from pymongo.errors import WriteError

from pipelines.collections import VIDEOS, prepare
from pipelines.documents import video as documents
from pipelines.documents.mongo import from_mongo, schema_of, to_mongo
from pipelines.documents.video import Statistics, Video
from pipelines.normalize import normalize_video
from tests.pipelines.cases import NAMES, read_case

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

DATACLASSES = [kind for kind in vars(documents).values() if is_dataclass(kind)]


@pytest.mark.parametrize("kind", DATACLASSES)
def test_every_field_is_followed_by_a_sentence(kind: type[Any]) -> None:
    for name, hint in get_type_hints(kind, include_extras=True).items():
        assert get_origin(hint) is Annotated, name
        sentence = get_args(hint)[1]
        assert sentence[0].isupper(), name
        assert sentence.endswith("."), name


@pytest.mark.parametrize("name", NAMES)
def test_a_document_comes_back_as_it_was_stored(name: str) -> None:
    video = normalize_video(read_case(name).raw)
    stored = bson.decode(bson.encode(to_mongo(video)))
    assert stored["_id"] == video.id
    assert "id" not in stored
    assert from_mongo(Video, stored) == video


def test_fields_of_other_versions_are_left_out_and_missing_ones_are_unknown() -> None:
    stored = {"_id": "7", "type": "video", "url": "", "observed_at": datetime.now(UTC), "old": 1}
    video = from_mongo(Video, stored)
    assert (video.id, video.title, video.statistics) == ("7", None, Statistics())


def test_a_number_past_32_bits_comes_back_as_a_plain_one() -> None:
    video = normalize_video(read_case("desktop").raw)
    video.statistics.views = 2**40
    read = from_mongo(Video, bson.decode(bson.encode(to_mongo(video))))
    assert type(read.statistics.views) is int
    assert to_mongo(read) == to_mongo(video)


def test_a_document_without_its_type_is_none() -> None:
    with pytest.raises(TypeError):
        from_mongo(Video, {"_id": "7"})


def test_the_validator_describes_every_field() -> None:
    schema = schema_of(Video)
    names = {"_id" if field.name == "id" else field.name for field in fields(Video)}
    assert set(schema["properties"]) == names
    assert all(part["description"] for part in schema["properties"].values())
    assert set(schema["required"]) == {"_id", "type", "url", "observed_at"}
    likes = schema["properties"]["statistics"]["properties"]["likes"]
    assert likes == {
        "description": "How many like it.",
        "bsonType": ["int", "long", "null"],
        "minimum": 0,
    }


async def test_mongodb_takes_every_case(database: AsyncDatabase[Document]) -> None:
    await prepare(database)
    stored = [to_mongo(normalize_video(read_case(name).raw)) for name in NAMES]
    await database[VIDEOS].insert_many(stored)
    assert await database[VIDEOS].count_documents({}) == len(NAMES)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "story"},
        {"title": 5},
        {"statistics": {"views": "9000"}},
        {"statistics": {"views": -1}},
        {"created_at": "2024-01-01"},
        {"created_at_source": "guess"},
        {"hashtags": [None]},
        {"images": [{"width": 1}]},
        {"observed_at": None},
    ],
)
async def test_mongodb_refuses_a_document_of_another_shape(
    database: AsyncDatabase[Document], change: dict[str, Any]
) -> None:
    await prepare(database)
    stored = to_mongo(normalize_video(read_case("desktop").raw))
    with pytest.raises(WriteError, match="failed validation"):
        await database[VIDEOS].insert_one(stored | change)
