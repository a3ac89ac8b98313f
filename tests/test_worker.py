"""A real worker process: jobs in; documents, statistics, cache entries and outcomes out."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import zstandard

from crawler.errors import Reason
from crawler.items import Layout, RawVideo
from crawler.jobs.answers import cache_key
from crawler.jobs.outcomes import Outcomes
from crawler.jobs.queue import DEAD_LETTERS, Queue
from crawler.jobs.records import Job, Lane, Outcome
from crawler.jobs.told import TOLD
from crawler.links import Target, TargetType
from pipelines.documents.mongo import from_mongo
from pipelines.documents.video import Video
from pipelines.normalize import normalize_video
from tests.site import Site, post
from tests.workers import PROJECT, a_worker, until_ended

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

ID = "7300000000000000001"


def behaving(number: int) -> str:
    """An id that the site answers with one of its numbered behaviours."""
    return f"70000000000000{number:03d}00"


def video(video_id: str) -> Target:
    return Target(type=TargetType.VIDEO, value=video_id)


def short(code: str) -> Target:
    return Target(type=TargetType.SHORT, value=code)


@dataclass
class Works:
    process: subprocess.Popen[bytes]
    site: Site
    queue: Queue
    outcomes: Outcomes
    redis: Redis
    database: AsyncDatabase[Document]

    async def crawl(self, target: Target) -> Outcome:
        with self.outcomes.expect(target.key) as waiter:
            await self.queue.ask(target, flight_s=30)
            outcome = await waiter.wait(20)
        assert outcome is not None
        return outcome


@pytest.fixture
async def works(
    mongodb_uri: str,
    redis_url: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    tmp_path: Path,
) -> AsyncIterator[Works]:
    async with Site() as site, Outcomes(redis_client) as outcomes:
        await outcomes.until_subscribed()
        with a_worker(
            mongodb_uri=mongodb_uri,
            redis_url=redis_url,
            site=site.url,
            log=tmp_path / "log",
            # Here each wall is met by its target alone.
            BREAKER_BLOCKS="100",
        ) as process:
            yield Works(process, site, Queue(redis_client), outcomes, redis_client, database)


@pytest.mark.drill
async def test_all_of_a_post_is_there_when_its_outcome_comes(works: Works) -> None:
    assert await works.crawl(video(ID)) == Outcome(key=f"video:{ID}", video_id=ID)

    document = await works.database.videos.find_one({"_id": ID})
    assert document is not None
    stored = from_mongo(Video, document)
    assert stored.statistics.views == post(ID).views
    assert stored.description == post(ID).caption.text
    assert document["first_seen_at"] == stored.observed_at
    row = await works.database.video_statistics.find_one({"meta.video_id": ID})
    assert row is not None
    assert (row["views"], row["observed_at"]) == (post(ID).views, stored.observed_at)
    entry: Any = await works.redis.hgetall(cache_key(ID))
    assert json.loads(entry["answer"])["metadata"]["video_id"] == ID
    assert json.loads(entry["answer_country"])["metadata"]["country"] == stored.country
    assert stored.media is not None
    assert stored.media.expires_at is not None
    assert 0 < int(entry["media"]) < stored.media.expires_at.timestamp()

    raw = await works.database.raw_items.find_one({"_id": ID})
    assert raw is not None
    assert raw["expire_at"] > raw["observed_at"]
    again = normalize_video(
        RawVideo(
            video_id=ID,
            layout=Layout(raw["layout"]),
            data=orjson.loads(zstandard.decompress(raw["data"])),
            observed_at=raw["observed_at"],
            spider=raw["spider"],
        )
    )
    assert again.statistics == stored.statistics
    assert again.renditions == stored.renditions


async def test_what_is_counted_for_a_target_of_a_crawl_goes_with_its_outcome(works: Works) -> None:
    job = Job(id="crawl_1:000001.1", target=video(ID), lane=Lane.BULK, run="crawl_1")
    await works.queue.put([job])
    async with asyncio.timeout(20):
        while not await works.redis.xlen(TOLD):
            await asyncio.sleep(0.01)
    told: Any = await works.redis.xrange(TOLD)
    ((_, fields),) = told
    counted = orjson.loads(fields["counted"])
    assert counted.pop("downloader/response_bytes") > 1000
    assert counted == {"response_received_count": 1, "tiktok/verdict/served": 1}


@pytest.mark.drill
async def test_each_wall_and_code_ends_with_its_reason(works: Works) -> None:
    expected = {
        101: Reason.CHALLENGE,
        102: Reason.CAPTCHA,
        104: Reason.CAPTCHA,
        105: Reason.LOGIN_REQUIRED,
        107: Reason.LOGIN_REQUIRED,
        113: Reason.UPSTREAM_BLOCKED,
        303: Reason.VIDEO_DELETED,
        305: Reason.VIDEO_PRIVATE,
        313: Reason.REGION_BLOCKED,
        316: Reason.VIDEO_PRIVATE,
        334: Reason.UPSTREAM_ERROR,
        403: Reason.UPSTREAM_BLOCKED,
        500: Reason.UPSTREAM_ERROR,
        601: Reason.UPSTREAM_BLOCKED,
        603: Reason.UPSTREAM_ERROR,
        604: Reason.UPSTREAM_ERROR,
        605: Reason.TIMEOUT,
        607: Reason.UPSTREAM_ERROR,
        608: Reason.UPSTREAM_ERROR,
        706: Reason.VIDEO_UNAVAILABLE,
        714: Reason.VIDEO_PRIVATE,
    }
    outcomes = await asyncio.gather(*(works.crawl(video(behaving(one))) for one in expected))

    found = {one: outcome.reason for one, outcome in zip(expected, outcomes, strict=True)}
    assert found == expected


async def test_how_often_a_page_is_asked_for_depends_on_the_reason(works: Works) -> None:
    broken, blocked, walled = (behaving(number) for number in (502, 113, 102))
    for video_id in (broken, blocked, walled):
        await works.crawl(video(video_id))

    keys = works.site.requests.keys
    assert (keys[broken], keys[blocked], keys[walled]) == (3, 2, 1)
    letters: Any = await works.redis.xrange(DEAD_LETTERS)
    reasons = {letter["value"]: letter["reason"] for _, letter in letters}
    assert reasons == {broken: "upstream_error", blocked: "upstream_blocked"}


async def test_a_stored_post_that_is_gone_says_so(works: Works) -> None:
    gone, hidden = behaving(303), behaving(305)
    old = {"type": "video", "url": "", "observed_at": datetime(2026, 3, 1, tzinfo=UTC)}
    await works.database.videos.insert_many([{"_id": one, **old} for one in (gone, hidden, ID)])
    await works.database.videos.update_one({"_id": ID}, {"$set": {"gone_at": old["observed_at"]}})

    outcomes = await asyncio.gather(*(works.crawl(video(one)) for one in (gone, hidden, ID)))
    noted = {one["_id"]: one async for one in works.database.videos.find()}
    assert noted[gone]["gone_reason"] == outcomes[0].reason == Reason.VIDEO_DELETED
    assert noted[hidden]["gone_reason"] == outcomes[1].reason
    assert noted[gone]["gone_at"] > old["observed_at"] == noted[gone]["observed_at"]
    assert "gone_at" not in noted[ID]


async def test_every_layout_is_stored(works: Works) -> None:
    for number in (700, 701, 702, 703, 704, 705, 707, 708):
        outcome = await works.crawl(video(behaving(number)))

        assert (number, outcome.reason) == (number, None)
        stored = await works.database.videos.find_one({"_id": behaving(number)})
        assert stored is not None
        assert (stored["type"] == "photo") == (number in {700, 707})
        views, expected = stored["statistics"]["views"], post(behaving(number)).views
        # Some layouts have rounded counters only.
        spread = 0 if stored["statistics"]["exact"] else 0.1
        assert abs(views / expected - 1) <= spread


@pytest.mark.drill
async def test_short_links_lead_to_posts_or_say_why_not(works: Works) -> None:
    expected = {
        f"v{ID}": None,
        "ZMhops3": None,
        "ZMphoto1": None,
        "ZMmobile1": None,
        "ZMprofile1": Reason.UNSUPPORTED_URL,
        "ZMlive1": Reason.UNSUPPORTED_URL,
        "ZMnothing1": Reason.SHORT_LINK_DEAD,
        "ZMloop1": Reason.SHORT_LINK_DEAD,
        "ZMhops9": Reason.SHORT_LINK_DEAD,
        "ZMelsewhere1": Reason.SHORT_LINK_DEAD,
        "ZMinside1": Reason.SHORT_LINK_DEAD,
        "ZMlogin1": Reason.LOGIN_REQUIRED,
        "ZMcaptcha1": Reason.CAPTCHA,
    }
    for code, reason in expected.items():
        outcome = await works.crawl(short(code))
        assert (code, outcome.reason) == (code, reason)
        assert (outcome.video_id is not None) == (reason is None)


async def test_only_changed_statistics_are_another_row(works: Works) -> None:
    steady, growing = ID, behaving(716)
    for video_id in (steady, steady, growing, growing):
        assert (await works.crawl(video(video_id))).reason is None

    rows = works.database.video_statistics
    assert await rows.count_documents({"meta.video_id": steady}) == 1
    assert await rows.count_documents({"meta.video_id": growing}) == 2


@pytest.mark.drill
async def test_a_bulk_run_is_stored_and_fills_no_cache(works: Works) -> None:
    ids = [str(int(ID) + 1000 * number) for number in range(60)]
    await works.queue.add([video(one) for one in ids], run="run_1")

    ended = [outcome.video_id async for outcome in works.queue.outcomes("run_1", count=60)]

    assert sorted(filter(None, ended)) == ids
    assert await works.database.videos.count_documents({}) == 60
    assert await works.database.video_statistics.count_documents({}) == 60
    assert [key async for key in works.redis.scan_iter("video:*")] == []


async def test_sigterm_finishes_what_is_in_hand(works: Works) -> None:
    works.site.behave(ID, "slow")
    with works.outcomes.expect(f"video:{ID}") as waiter:
        await works.queue.ask(video(ID), flight_s=30)
        while not works.site.requests.keys[ID]:
            await asyncio.sleep(0.02)
        works.process.send_signal(signal.SIGTERM)

        assert await until_ended(works.process, within_s=15) == 0
        outcome = await waiter.wait(1)

    assert outcome is not None
    assert outcome.reason is None
    assert await works.database.videos.count_documents({"_id": ID}) == 1
    assert (await works.queue.depth(Lane.DEMAND)).in_hand == 0


@pytest.mark.drill
async def test_plain_scrapy_stores_and_exports(
    mongodb_uri: str, redis_url: str, database: AsyncDatabase[Document], tmp_path: Path
) -> None:
    out = tmp_path / "posts.jsonl"
    async with Site() as site:
        crawl = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "scrapy", "crawl", "video"),
            *("-a", f"url=https://www.tiktok.com/@_/video/{ID}", "-o", str(out)),
            cwd=PROJECT,
            env={
                **os.environ,
                "MONGODB_URI": mongodb_uri,
                "REDIS_URL": redis_url,
                "TIKTOK_URL": site.url,
            },
            stderr=asyncio.subprocess.PIPE,
        )
        _, log = await crawl.communicate()

    assert crawl.returncode == 0, log.decode()
    (line,) = out.read_text().splitlines()
    assert json.loads(line)["id"] == ID
    assert await database.videos.count_documents({"_id": ID}) == 1
