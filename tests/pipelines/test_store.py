from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import zstandard
from pymongo.errors import PyMongoError

from pipelines.store import StorePipeline
from pipelines.writes import WriteRefusedError
from tests.pipelines.posts import ID, START, a_post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.database import AsyncDatabase

    from pipelines.posts import Post
    from services.mongodb import Document

RAW_TTL_S = 3600


@pytest.fixture
async def store(mongodb_uri: str) -> AsyncIterator[StorePipeline]:
    store = StorePipeline(mongodb_uri, raw_ttl_s=RAW_TTL_S)
    await store.open_spider()
    yield store
    await store.close_spider()


async def stored(database: AsyncDatabase[Document], video_id: str = ID) -> dict[str, Any]:
    document = await database.videos.find_one({"_id": video_id})
    assert document is not None
    return document


async def store_all(store: StorePipeline, posts: list[Post]) -> list[Post | BaseException]:
    return await asyncio.gather(
        *(store.process_item(post) for post in posts), return_exceptions=True
    )


async def test_a_new_post_is_stored_and_its_snapshot_is_due(
    store: StorePipeline, database: AsyncDatabase[Document]
) -> None:
    post = await store.process_item(a_post())

    assert post.is_snapshot_due
    document = await stored(database)
    assert (document["title"], document["statistics"]["views"]) == ("Bread", 100)
    assert document["first_seen_at"] == document["observed_at"] == START


async def test_the_raw_item_is_kept_as_it_came_until_it_expires(
    store: StorePipeline, database: AsyncDatabase[Document]
) -> None:
    post = await store.process_item(a_post())

    raw = await database.raw_items.find_one({"_id": ID})
    assert raw is not None
    assert orjson.loads(zstandard.decompress(raw.pop("data"))) == post.raw.data
    assert raw == {
        "_id": ID,
        "kind": "video",
        "layout": "desktop",
        "spider": "jobs",
        "observed_at": START,
        "expire_at": START + timedelta(seconds=RAW_TTL_S),
    }


async def test_the_same_statistics_are_no_new_snapshot(store: StorePipeline) -> None:
    await store.process_item(a_post())

    assert not (await store.process_item(a_post(minute=1))).is_snapshot_due
    assert (await store.process_item(a_post(minute=2, views=101))).is_snapshot_due


async def test_a_later_look_brings_the_document_up_to_date(
    store: StorePipeline, database: AsyncDatabase[Document]
) -> None:
    await store.process_item(a_post())
    await store.process_item(a_post(minute=5, views=200, title="Better bread"))

    document = await stored(database)
    assert (document["title"], document["statistics"]["views"]) == ("Better bread", 200)
    assert document["observed_at"] == START + timedelta(minutes=5)
    assert document["first_seen_at"] == START


async def test_what_a_poorer_page_does_not_say_stays(
    store: StorePipeline, database: AsyncDatabase[Document]
) -> None:
    rich, poor = a_post(), a_post(minute=5, title=None)
    rich.video.hashtags, rich.video.author.nickname = ["bread"], "Mara"
    await store.process_item(rich)
    await store.process_item(poor)

    document = await stored(database)
    assert (document["title"], document["hashtags"]) == ("Bread", ["bread"])
    assert document["author"]["nickname"] == "Mara"
    assert document["observed_at"] == START + timedelta(minutes=5)


async def test_an_older_look_that_arrives_late_changes_nothing(
    store: StorePipeline, database: AsyncDatabase[Document]
) -> None:
    await store.process_item(a_post(minute=5, views=200))
    before = await stored(database)

    late = await store.process_item(a_post(views=100))

    assert not late.is_snapshot_due
    assert await stored(database) == before


async def test_in_one_group_each_post_knows_whether_its_snapshot_is_due(
    store: StorePipeline, database: AsyncDatabase[Document]
) -> None:
    ids = [str(int(ID) + number) for number in range(250)]
    await store_all(store, [a_post(one) for one in ids])
    again = [a_post(one, minute=1, views=100 + (int(one) % 3 == 0)) for one in ids]

    await store_all(store, again)

    assert {one.video.id for one in again if one.is_snapshot_due} == {
        one for one in ids if int(one) % 3 == 0
    }
    assert await database.videos.count_documents({}) == len(ids)


async def test_a_post_that_is_twice_in_a_group_has_one_snapshot(store: StorePipeline) -> None:
    twice = [a_post("1"), a_post(), a_post()]

    await store_all(store, twice)

    assert twice[0].is_snapshot_due
    assert sum(post.is_snapshot_due for post in twice[1:]) == 1


async def test_only_the_document_that_mongodb_refuses_fails(
    store: StorePipeline, database: AsyncDatabase[Document]
) -> None:
    bad = a_post("2")
    bad.video.statistics.views = -1
    posts = [a_post("1"), bad, a_post("3")]

    first, refused, third = await store_all(store, posts)

    assert isinstance(refused, WriteRefusedError)
    assert "failed validation" in str(refused)
    assert (first, third) == (posts[0], posts[2])
    assert posts[0].is_snapshot_due
    assert posts[2].is_snapshot_due
    assert [one["_id"] async for one in database.videos.find().sort("_id")] == ["1", "3"]


async def test_a_refused_look_leaves_what_was_known(
    store: StorePipeline, database: AsyncDatabase[Document]
) -> None:
    await store.process_item(a_post())
    before = await stored(database)
    bad = a_post(minute=5)
    bad.video.statistics.views = -1

    with pytest.raises(WriteRefusedError):
        await store.process_item(bad)

    assert await stored(database) == before


@pytest.mark.drill
async def test_a_database_that_is_away_fails_the_post(mongodb_uri: str) -> None:
    away = StorePipeline("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100", raw_ttl_s=1)

    with pytest.raises(PyMongoError):
        await away.process_item(a_post())

    await away.close_spider()
