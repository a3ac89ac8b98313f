"""A real worker process with a real Chromium: lists go in, items and how lists ended come out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from crawler.errors import Reason
from crawler.jobs.lists import Bounds, ListEnd, StopReason
from crawler.jobs.queue import Queue
from crawler.jobs.records import Fetcher, Job, Lane, Outcome
from crawler.jobs.workers import Workers
from crawler.links import Target, TargetType
from tests.chromium import in_chromium
from tests.proxy import Proxy
from tests.site import Site
from tests.workers import PROJECT, a_worker, until_ended

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

pytestmark = [pytest.mark.drill, in_chromium]


@dataclass
class Works:
    process: subprocess.Popen[bytes]
    site: Site
    proxies: tuple[Proxy, ...]
    queue: Queue
    redis: Redis
    database: AsyncDatabase[Document]

    async def crawl(self, *jobs: Job) -> dict[str, Outcome]:
        await self.queue.put(jobs)
        assert jobs[0].run is not None
        async with asyncio.timeout(30):
            found = [one async for one in self.queue.outcomes(jobs[0].run, count=len(jobs))]
        return {one.key: one for one in found}


def a_job(kind: TargetType, value: str, *, lane: Lane = Lane.BULK, **bounds: Any) -> Job:
    return Job(
        target=Target(type=kind, value=value),
        lane=lane,
        run="run_1",
        bounds=Bounds(**bounds),
    )


def an_end(collected: int, *, of: int | None = None) -> ListEnd:
    return ListEnd.of(StopReason.END, collected=collected, reported_total=of)


@pytest.fixture
async def works(
    mongodb_uri: str,
    redis_url: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    tmp_path: Path,
) -> AsyncIterator[Works]:
    async with Site() as site, Proxy(user="ann") as first, Proxy(user="bob") as second:
        with a_worker(
            "--browser",
            mongodb_uri=mongodb_uri,
            redis_url=redis_url,
            site=site.url,
            log=tmp_path / "log",
            BREAKER_BLOCKS="100",
            SCRAPY_SETTINGS_MODULE="tests.browser_settings",
            PYTHONPATH=str(PROJECT),
            PROXY_URLS=f"{first.url},{second.url}",
        ) as process:
            queue = Queue(redis_client, fetcher=Fetcher.BROWSER)
            async with asyncio.timeout(20):
                while not await queue.has_browser():
                    await asyncio.sleep(0.05)
            yield Works(process, site, (first, second), queue, redis_client, database)
            process.terminate()
            await until_ended(process, within_s=30)
            print((tmp_path / "log").read_text())


@pytest.mark.drill
async def test_lists_of_every_kind_are_read_side_by_side_through_both_proxies(
    works: Works,
) -> None:
    user = a_job(TargetType.USER, "list_40")
    hashtag = a_job(TargetType.HASHTAG, "list_35__inner")
    comments = a_job(TargetType.COMMENTS, "6850000800000103000")
    search = a_job(TargetType.SEARCH, "list_10")

    ended = await works.crawl(user, hashtag, comments, search)

    counts = {
        name: await works.database[name].count_documents({})
        for name in ("videos", "users", "hashtags", "comments", "search_results", "lists")
    }
    assert {key: outcome.end for key, outcome in ended.items()} == {
        user.target.key: an_end(40, of=40),
        hashtag.target.key: an_end(35, of=35),
        comments.target.key: an_end(75, of=75),
        search.target.key: an_end(13),
    }
    assert counts == {
        "videos": 40 + 35 + 10,
        "users": 1 + 3,
        "hashtags": 1,
        "comments": 75,
        "search_results": 1,
        "lists": 4,
    }
    for proxy in works.proxies:
        assert proxy.refused == 0
        assert {urlsplit(address).netloc for address in proxy.seen} == {
            works.site.url.removeprefix("http://")
        }


async def test_plain_pages_that_a_browser_makes_more_of_are_tried_in_it(
    works: Works, mongodb_uri: str, redis_url: str, tmp_path: Path
) -> None:
    passes = "7000000000000011500"
    jobs = [
        a_job(kind, value, lane=Lane.DEMAND)
        for kind, value in (
            (TargetType.SHORT, f"v{passes}"),
            (TargetType.VIDEO, "7000000000000010100"),
            (TargetType.VIDEO, "7000000000000011300"),
            (TargetType.USER_HEADER, "list_9__waf_passes"),
            (TargetType.HASHTAG_HEADER, "list_8"),
            (TargetType.MUSIC_HEADER, "6850000800000403000"),
        )
    ]
    with a_worker(
        mongodb_uri=mongodb_uri, redis_url=redis_url, site=works.site.url, log=tmp_path / "plain"
    ) as plain:
        ended = await works.crawl(*jobs)
        plain.terminate()
        await until_ended(plain, within_s=30)

    reasons = [ended[job.target.key].reason for job in jobs]
    assert reasons == [None, Reason.CHALLENGE, Reason.UPSTREAM_BLOCKED, None, None, None]
    assert ended[jobs[0].target.key].video_id == passes
    assert await works.database.videos.count_documents({"_id": passes}) == 1
    assert await works.database.users.count_documents({"username": "list_9__waf_passes"}) == 1
    assert await works.database.hashtags.count_documents({"name": "list_8"}) == 1
    assert await works.database.music.count_documents({"_id": "6850000800000403000"}) == 1
    told = await Workers(works.redis).read()
    assert told.counted["tiktok/job/to_browser"] == 4
