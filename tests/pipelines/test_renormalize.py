from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import zstandard

from crawler.items import Kind
from crawler.jobs.erasures.erasures import Erasures
from pipelines.collections import prepare
from pipelines.normalize import normalize_video
from pipelines.posts import Post
from pipelines.renormalize import Progress, Renormalizing
from pipelines.store import StorePipeline
from tests.pipelines.cases import read_case
from tests.pipelines.entities import an_entity

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

CASES = ("desktop", "list", "sigi")
OLD = {"title": "read wrongly", "parser_version": 0}
_CENTURY_S = 100 * 365 * 24 * 3600
"""What was recorded long ago is not to expire."""


@pytest.fixture
async def stored(mongodb_uri: str, database: AsyncDatabase[Document]) -> AsyncDatabase[Document]:
    """Posts, a user, a hashtag, a sound and a comment as an older parser had read them."""
    await prepare(database)
    store = StorePipeline(mongodb_uri, raw_ttl_s=_CENTURY_S)
    for case in CASES:
        video = normalize_video(read_case(case).raw)
        raw = replace(read_case(case).raw, video_id=video.id)
        await store.process_item(Post(raw=raw, video=video))
    for case in ("user-profile", "hashtag-page", "music-page", "comment"):
        await store.process_item(an_entity(case))
    await store.close_spider()
    await database.videos.update_many({}, {"$set": OLD})
    await database.users.update_many({}, {"$set": {"nickname": "wrong", "parser_version": 0}})
    return database


async def run(work: Renormalizing, progress: Progress | None = None) -> Progress:
    told = [one async for one in work.run(progress)]
    return told[-1] if told else Progress()


async def everything(database: AsyncDatabase[Document]) -> list[Any]:
    names = ("videos", "users", "hashtags", "music", "comments", "raw_items")
    return [await database[name].find().sort("_id", 1).to_list() for name in names]


async def test_documents_say_what_the_parser_of_now_reads(
    stored: AsyncDatabase[Document],
) -> None:
    videos = await stored.videos.find().to_list()
    done = await run(Renormalizing(stored))

    assert (done.read, done.renewed, done.passed, done.failed) == (7, 7, 0, 0)
    for case in CASES:
        expected = normalize_video(read_case(case).raw)
        document = await stored.videos.find_one({"_id": expected.id})
        assert document is not None
        (before,) = (one for one in videos if one["_id"] == expected.id)
        assert document == before | {
            "title": expected.title,
            "parser_version": expected.parser_version,
        }
    user = await stored.users.find_one({})
    assert user is not None
    assert user["nickname"] == an_entity("user-profile").document.nickname  # type: ignore[union-attr]
    assert await stored.video_statistics.count_documents({}) == 0


async def test_a_newer_document_and_one_that_is_gone_stay_as_they_are(
    stored: AsyncDatabase[Document],
) -> None:
    newer, gone = (normalize_video(read_case(case).raw) for case in CASES[:2])
    later = newer.observed_at + timedelta(hours=1)
    await stored.videos.update_one({"_id": newer.id}, {"$set": {"observed_at": later}})
    await stored.videos.delete_one({"_id": gone.id})

    done = await run(Renormalizing(stored, kinds=[Kind.VIDEO]))
    assert (done.read, done.renewed, done.passed) == (3, 1, 2)
    document = await stored.videos.find_one({"_id": newer.id})
    assert document is not None
    assert document["title"] == "read wrongly"
    assert await stored.videos.find_one({"_id": gone.id}) is None


async def test_what_cannot_be_read_is_named_and_others_go_on(
    stored: AsyncDatabase[Document],
) -> None:
    first, second = (normalize_video(read_case(case).raw).id for case in CASES[:2])
    await stored.raw_items.update_one({"_id": first}, {"$set": {"data": b"no zstd"}})
    await stored.raw_items.update_one({"_id": second}, {"$set": {"layout": "unheard-of"}})

    done = await run(Renormalizing(stored))
    assert (done.read, done.renewed, done.failed) == (7, 5, 2)
    assert sorted(one.partition(":")[0] for one in done.problems) == sorted([first, second])


async def test_an_interrupted_reading_goes_on_where_it_was(
    stored: AsyncDatabase[Document],
) -> None:
    work = Renormalizing(stored, at_once=3)
    async with aclosing(work.run()) as progress:  # type: ignore[type-var]
        async for done in progress:
            first = replace(done)
            break
    assert first.read == 3

    assert await Renormalizing(stored, kinds=[Kind.USER]).interrupted() is None
    again = await Renormalizing(stored, at_once=3).interrupted()
    assert again == first
    done = await run(Renormalizing(stored, at_once=3), again)
    assert (done.read, done.renewed) == (7, 7)
    assert await Renormalizing(stored).interrupted() is None

    late = max([one["observed_at"] async for one in stored.raw_items.find()])
    assert (await run(Renormalizing(stored, since=late + timedelta(seconds=1)))).read == 0


async def test_what_was_erased_does_not_come_back_with_a_raw_item(
    stored: AsyncDatabase[Document],
) -> None:
    theirs, naming, without = (normalize_video(read_case(case).raw) for case in CASES)
    packed = zstandard.compress(orjson.dumps({"id": naming.id, "desc": "with @ada.bakes"}))
    await stored.raw_items.update_one({"_id": naming.id}, {"$set": {"data": packed}})
    nothing = zstandard.compress(b"{}")
    await stored.raw_items.update_one({"_id": without.id}, {"$set": {"data": nothing}})
    erasures = Erasures(stored, lambda: b"a key")
    await erasures.add(usernames=["ada.bakes"], video_ids=[theirs.id])

    done = await run(Renormalizing(stored, kinds=[Kind.VIDEO], erasures=erasures))
    assert (done.read, done.renewed, done.passed, done.failed) == (3, 1, 2, 0)
    document = await stored.videos.find_one({"_id": naming.id})
    assert document is not None
    assert document["description"] == "with @…"
