"""A user in every place that holds something of them, and what is there once they are erased."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import zstandard
from bson import ObjectId

from accounts import collections as of_accounts
from accounts.folding import Event
from accounts.once import answers_seal
from accounts.usage import STREAM
from analysis.erasing.erasing import Erasing, Receipt
from analysis.erasing.returned import find_returned
from analysis.erasing.subject import find
from analysis.rollups import collections as of_rollups
from crawler.errors import Reason
from crawler.jobs import collections as of_crawls
from crawler.jobs.crawls import Crawls
from crawler.jobs.erasures import collections as of_erasures
from crawler.jobs.erasures.erasures import Erasures
from crawler.jobs.queue import Queue
from crawler.jobs.records import Job, Lane, Outcome
from crawler.jobs.schedules import collections as of_schedules
from crawler.jobs.told import TOLD
from crawler.links import Target, TargetType
from pipelines.collections import prepare
from tests.pipelines.posts import START

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

ID, NAME, SEC_UID = "6801000000000000101", "ada.bakes", "MS4wLjABAAAA-ada"
POSTS = ("7300000000000000001", "7300000000000000002")
COMMENT, SOUND = "7300000000000000071", "6800000000000000068"
OTHER, OTHER_POST, BELOW = "6801000000000000202", "7300000000000000003", "7300000000000000072"
NAMESAKE = "6801000000000000303"
THEIRS = (ID, NAME, SEC_UID, *POSTS, COMMENT, SOUND)
SECRET = b"a secret"
WAS = {"observed_at": START, "first_seen_at": START}


def packed(data: Any) -> bytes:
    return zstandard.compress(orjson.dumps(data))


def a_post(post_id: str, author: dict[str, Any], **more: Any) -> Document:
    return {"_id": post_id, "type": "video", "url": "https://…", "author": author, **WAS, **more}


def a_target(kind: str, value: str) -> Target:
    return Target(type=TargetType(kind), value=value)


async def fill_mongodb(database: AsyncDatabase[Document]) -> None:
    for module in (of_accounts, of_crawls, of_erasures, of_schedules):
        await module.prepare(database)
    await prepare(database)
    await of_rollups.prepare(database)
    ada = {"id": ID, "username": NAME, "sec_uid": SEC_UID, "nickname": "Ada"}
    bob = {"id": OTHER, "username": "bob"}
    mention = {"user_id": ID, "username": NAME, "sec_uid": SEC_UID}
    theirs = {"id": SOUND, "title": f"original sound - {NAME}", "author": "Ada", "artists": ["Ada"]}
    await database.videos.insert_many(
        [
            *(a_post(one, ada, music=theirs) for one in POSTS),
            a_post(OTHER_POST, bob, music=theirs, mentions=[mention, {"user_id": "5"}])
            | {"description": "with @Ada.Bakes, @ada.bakes2", "title": "with", "duet_of": POSTS[0]},
        ]
    )
    await database.users.insert_many(
        [
            {"_id": ID, "username": NAME, "sec_uid": SEC_UID, **WAS},
            {"_id": OTHER, "username": "bob", "signature": "friend of @ada.bakes!", **WAS},
            {"_id": NAMESAKE, "username": NAME, "observed_at": START - timedelta(days=9)},
        ]
    )
    before = {"id": NAMESAKE, "username": NAME}
    await database.videos.insert_one(
        a_post("7300000000000000010", before) | {"observed_at": START - timedelta(days=9)}
    )
    await database.music.insert_one({"_id": SOUND, "author_id": ID, "title": "sound", **WAS})
    await database.comments.insert_many(
        [
            {"_id": COMMENT, "video_id": OTHER_POST, "author": ada, **WAS},
            {"_id": BELOW, "video_id": POSTS[0], "author": bob, **WAS},
            {"_id": "9", "video_id": OTHER_POST, "author": bob, "text": "@ada.bakes look", **WAS},
        ]
    )
    for kind, value in (("user", NAME), ("comments", POSTS[1]), ("user", "bob")):
        about = {"type": kind, "value": value, **WAS}
        await database.lists.insert_one({"_id": f"{kind}:{value}", **about})
    hits = [{"kind": "video", "id": one} for one in (*POSTS, OTHER_POST)]
    await database.search_results.insert_many(
        [
            {"_id": f"search:@{NAME}", "query": f"@{NAME}", "results": [], **WAS},
            {"_id": "search:bread", "query": "bread", "results": hits, **WAS},
        ]
    )
    raw: Document = {"kind": "video", "layout": "desktop", "spider": "jobs"}
    raw |= {"observed_at": START, "expire_at": datetime.now(UTC) + timedelta(days=9)}
    contents = {
        POSTS[0]: {"id": POSTS[0], "author": {"uniqueId": NAME}},
        OTHER_POST: {"id": OTHER_POST, "desc": "with @ada.bakes."},
        "8": {"id": "8", "desc": "with @ada.bakes2"},
    }
    await database.raw_items.insert_many(
        [{"_id": one, "data": packed(data), **raw} for one, data in contents.items()]
    )
    await database.video_statistics.insert_many(
        [
            {"_id": ObjectId(), "observed_at": START, "meta": meta, "views": 1}
            for meta in (
                {"video_id": POSTS[0], "user_id": ID},
                {"video_id": "7300000000000000009", "user_id": ID},
                {"video_id": POSTS[1], "user_id": None},
                {"video_id": OTHER_POST, "user_id": OTHER},
            )
        ]
    )
    day = {"day": START, "rolled_at": START, "observed_at": START}
    await database.video_daily.insert_many(
        [
            {"_id": f"2026-03-01:{one}", "video_id": one, "user_id": user, "hashtags": [], **day}
            for one, user in ((POSTS[0], ID), ("7300000000000000008", ID), (OTHER_POST, OTHER))
        ]
    )
    await database.user_daily.insert_many(
        [
            {"_id": f"2026-03-01:{one}", "user_id": one, "username": name, **day}
            for one, name in ((ID, NAME), (NAMESAKE, NAME), (OTHER, "bob"))
        ]
    )
    await database.music_daily.insert_one(
        {"_id": f"2026-03-01:{SOUND}", "music_id": SOUND, "posts": 1, **day},
        bypass_document_validation=True,
    )
    await database.user_statistics.insert_many(
        [{"observed_at": START, "meta": {"user_id": one}} for one in (ID, OTHER)]
    )


async def fill_crawls(database: AsyncDatabase[Document], crawls: Crawls) -> str:
    kinds = [("user", NAME), ("video", POSTS[0]), ("comments", POSTS[1]), ("user", "bob")]
    made = await crawls.create([a_target(*one) for one in kinds], owner=None)
    items = [("video", POSTS[0]), ("video", OTHER_POST), ("comment", COMMENT), ("user", ID)]
    await database.crawl_items.insert_many(
        [
            {"_id": f"{made.id}:{kind}:{item}", "crawl": made.id, "sequence": n, "kind": kind}
            | {"item": item, "target": 1, "targets": [1], "delivered_at": START}
            for n, (kind, item) in enumerate(items, start=1)
        ]
    )
    targets = [{"type": kind, "value": value, "username": None} for kind, value in kinds]
    await database.schedule_targets.insert_one({"_id": "list", "targets": targets})
    window = {"account_id": "acc_1", "window": "all", "last_requested": START}
    await database.usage_videos.insert_many(
        [
            {"_id": f"acc_1:all:{one}", "video_id": one, "requests": n, **window}
            for n, one in enumerate((*POSTS, OTHER_POST), start=2)
        ]
    )
    return made.id


async def fill_redis(redis: Redis) -> None:
    queue = Queue(redis)
    await queue.prepare()
    await queue.ask(a_target("video", POSTS[0]), flight_s=60)
    await queue.ask(a_target("video", OTHER_POST), flight_s=60)
    bulk: Any = {"lane": Lane.BULK, "run": "crawl_1"}
    await queue.put([Job(id="crawl_1:000001.1", target=a_target("video", POSTS[1]), **bulk)])
    (taken,) = await queue.take(Lane.BULK, 1, block_s=0.1)
    await queue.put_off(taken, 60)
    await queue.put([Job(id="crawl_1:000002.1", target=a_target("user", NAME), **bulk)])
    letter = Job(target=a_target("comments", POSTS[0]), lane=Lane.BULK).to_fields()
    await redis.xadd("jobs:dead", {**letter, "lane": "bulk"})  # type: ignore[dict-item]
    await redis.hset(f"video:{POSTS[0]}", mapping={"answer": f'{{"id":"{POSTS[0]}"}}'})
    await redis.set("short:ZMada", POSTS[0])
    await redis.set("short:ZMbob", OTHER_POST)
    await redis.set(f"absent:user_header:{NAME}", "account_private")
    await redis.set(f"read:rapidapi:bob:user:{NAME} 20 None", "crawl_1")
    await redis.zadd("egress:direct:blocks", {f"video:{POSTS[0]}": 1, f"video:{OTHER_POST}": 1})
    await redis.zadd("archive:due", {POSTS[0]: 1, OTHER_POST: 1})
    for event in (NAME, "bob"):
        data = orjson.dumps({"url": f"https://www.tiktok.com/@{event}", "value": event}).decode()
        await redis.xadd("crawl:crawl_1:events", {"type": "target", "data": data})
    for name, about in (("once:acc_1:a", POSTS[0]), ("once:acc_1:b", OTHER_POST)):
        head = orjson.dumps([200, {}])
        body = zstandard.compress(head + b"\n" + orjson.dumps({"metadata": {"video_id": about}}))
        sealed = answers_seal(SECRET).close(body, about=name)
        await redis.hset(name, mapping={"fingerprint": "f", "answer": sealed})
    used = Event("acc_1", int(START.timestamp() * 1000), 200, 1, 0, 10, POSTS[0], "key_1")
    await redis.xadd(STREAM, {"event": " ".join(map(str, used))})


async def everything(database: AsyncDatabase[Document], redis: Redis) -> str:
    """All that both databases hold, as one text."""
    found: list[Any] = []
    for name in await database.list_collection_names(filter={"type": {"$ne": "view"}}):
        if not name.startswith("system."):
            async for document in database[name].find():
                if name == "raw_items":
                    document["data"] = zstandard.decompress(document["data"])
                found.append((name, document))
    async for key in redis.scan_iter():
        kind = await redis.type(key)
        value: Any
        if kind == "stream":
            value = await redis.xrange(key)
        elif kind == "zset":
            value = await redis.zrange(key, 0, -1)
        elif kind == "hash":
            value = None if str(key).startswith("once:") else await redis.hgetall(key)
        else:
            value = await redis.get(key)
        found.append((key, value))
    return str(found)


@pytest.fixture
async def crawl(database: AsyncDatabase[Document], redis_client: Redis) -> str:
    """The id of a crawl in a world that is full of one user."""
    await fill_mongodb(database)
    await fill_redis(redis_client)
    return await fill_crawls(database, Crawls(database, redis_client))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    for one in (POSTS[0], OTHER_POST):
        (tmp_path / "archive" / one).mkdir(parents=True)
        (tmp_path / "archive" / one / "video.mp4").write_bytes(b"film")
    return tmp_path / "archive"


async def erase(
    database: AsyncDatabase[Document], redis: Redis, archive: Path, who: str = NAME
) -> Receipt:
    erasures = Erasures(database, lambda: b"a key")
    receipt = Receipt()
    work = Erasing(database, redis, erasures, secret=SECRET, archive_url=str(archive))
    async for _ in work.erase(await find(database, who), receipt):
        pass
    return receipt


async def test_a_user_is_gone_everywhere_and_everybody_else_stays(
    database: AsyncDatabase[Document], redis_client: Redis, archive: Path, crawl: str
) -> None:
    before = await everything(database, redis_client)
    assert [word for word in THEIRS if word not in before] == []

    receipt = await erase(database, redis_client, archive)
    assert (receipt.was_stored, receipt.is_complete) == (True, True)
    assert dict(receipt.counts) == {
        "jobs": 3,
        "dead_letters": 1,
        "crawl_targets": 3,
        "crawl_items": 3,
        "schedule_targets": 3,
        "usage_videos": 4,
        "video_statistics": 3,
        "user_statistics": 1,
        "video_daily": 2,
        "user_daily": 1,
        "music_daily": 1,
        "raw_items": 2,
        "lists": 4,
        "named_by_others": 6,
        "archived_files": 1,
        "comments": 2,
        "music": 1,
        "videos": 2,
        "users": 1,
        "cached_answers": 2,
        "absences": 3,
        "short_links": 1,
        "replies": 1,
        "events": 1,
    }
    after = (await everything(database, redis_client)).replace("ada.bakes2", "")
    assert [word for word in THEIRS if word in after] == [SOUND]
    for word in (OTHER, OTHER_POST, "search:bread", "user:bob"):
        assert word in after
    assert os.listdir(archive) == [OTHER_POST]  # noqa: PTH208

    post = await database.videos.find_one({"_id": OTHER_POST})
    assert post is not None
    assert (post["description"], post["mentions"]) == ("with @…, @ada.bakes2", [{"user_id": "5"}])
    assert post["music"] == dict.fromkeys(("title", "author", "album", "url", "cover")) | {
        "id": SOUND,
        "artists": [],
    }
    row = await database.usage_videos.find_one({"_id": "acc_1:all:"})
    assert row is not None
    assert (row["requests"], row["video_id"]) == (6, "")
    crawls = Crawls(database, redis_client)
    items = (await crawls.items(await crawls.get(crawl))).items
    assert [one.item for one in items] == ["", OTHER_POST, "", ""]
    targets = (await crawls.targets(crawl)).items
    assert [one.target.value for one in targets] == ["", "", "", "bob"]
    told: Any = await redis_client.xrange(TOLD)
    outcomes = [Outcome.from_json(fields["outcome"]) for _, fields in told]
    assert [one.reason for one in outcomes] == [Reason.NOT_COLLECTED] * 2
    erasures = Erasures(database, lambda: b"a key")
    await erasures.refresh()
    assert all(erasures.refuses(one.target) for one in targets[:3])
    assert erasures.has_user(ID, None)
    assert erasures.has_video(POSTS[1])
    assert not erasures.has_user(OTHER, "bob")
    record = await database.audit.find_one({"what": "user_erased"})
    assert record is not None
    assert record["after"]["videos"] == 2

    # Stored again, as by a backup; of another who had the name nothing is touched.
    ada = {"id": ID, "username": "renamed"}
    await database.videos.insert_one(a_post(POSTS[0], ada))
    await database.comments.insert_one({"_id": COMMENT, "author": {"username": NAME}, **WAS})
    await database.users.update_one({"_id": NAMESAKE}, {"$set": {"username": "ada.bakes3"}})
    returned = await find_returned(database, erasures)
    assert [sorted(one.user_ids) for one in returned] == [[ID], []]
    for one in returned:
        await erase(database, redis_client, archive, min([*one.user_ids, *one.usernames]))
    assert await find_returned(database, erasures) == []
    assert await database.users.count_documents({"_id": NAMESAKE}) == 1

    again = await erase(database, redis_client, archive)
    assert (again.was_stored, +again.counts) == (False, {})


@pytest.mark.usefixtures("crawl")
async def test_an_erasure_that_was_killed_finds_the_rest_when_it_is_begun_anew(
    database: AsyncDatabase[Document], redis_client: Redis, archive: Path
) -> None:
    erasures = Erasures(database, lambda: b"a key")
    work = Erasing(database, redis_client, erasures, secret=SECRET, archive_url=str(archive))
    async for step in work.erase(await find(database, NAME), Receipt()):
        if step == "what came meanwhile":
            await redis_client.hset(f"video:{POSTS[0]}", mapping={"answer": "{}"})
            break  # and posts and users are gone by then, by whom all else is found

    receipt = await erase(database, redis_client, archive)
    assert receipt.is_complete
    after = (await everything(database, redis_client)).replace("ada.bakes2", "")
    assert [word for word in THEIRS if word in after] == [SOUND]


async def test_one_of_whom_nothing_is_stored_is_refused_all_the_same(
    database: AsyncDatabase[Document], redis_client: Redis, archive: Path
) -> None:
    await of_erasures.prepare(database)
    receipt = await erase(database, redis_client, archive, "@Nobody")
    assert (receipt.was_stored, receipt.is_complete, +receipt.counts) == (False, True, {})
    erasures = Erasures(database, lambda: b"a key")
    await erasures.refresh()
    assert erasures.has_user(None, "nobody")
