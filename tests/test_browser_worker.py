"""A real worker process with a real Chromium: lists go in, items and how lists ended come out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from crawler.jobs.lists import Bounds, ListEnd, StopReason
from crawler.jobs.queue import Queue
from crawler.jobs.records import Fetcher, Job, Lane, Outcome
from crawler.links import Target, TargetType
from settings.env import Environment
from tests.site import Site
from tests.workers import PROJECT, a_worker, until_ended

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

pytestmark = pytest.mark.skipif(Environment().chromium is None, reason="no Chromium on PATH")


@dataclass
class Works:
    process: subprocess.Popen[bytes]
    site: Site
    queue: Queue
    redis: Redis
    database: AsyncDatabase[Document]

    async def crawl(self, *jobs: Job) -> dict[str, Outcome]:
        await self.queue.put(jobs)
        assert jobs[0].run is not None
        async with asyncio.timeout(30):
            found = [one async for one in self.queue.outcomes(jobs[0].run, count=len(jobs))]
        return {one.key: one for one in found}


def a_job(kind: TargetType, value: str, **bounds: Any) -> Job:
    return Job(
        target=Target(type=kind, value=value),
        lane=Lane.BULK,
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
    async with Site() as site:
        with a_worker(
            "--browser",
            mongodb_uri=mongodb_uri,
            redis_url=redis_url,
            site=site.url,
            log=tmp_path / "log",
            BREAKER_BLOCKS="100",
            SCRAPY_SETTINGS_MODULE="tests.browser_settings",
            PYTHONPATH=str(PROJECT),
        ) as process:
            queue = Queue(redis_client, fetcher=Fetcher.BROWSER)
            yield Works(process, site, queue, redis_client, database)
            process.terminate()
            await until_ended(process, within_s=30)
            print((tmp_path / "log").read_text())


async def test_lists_of_every_kind_are_stored_by_tabs_side_by_side(works: Works) -> None:
    user = a_job(TargetType.USER, "list_80")
    hashtag = a_job(TargetType.HASHTAG, "list_70__inner")
    comments = a_job(TargetType.COMMENTS, "6850000800000453000")
    search = a_job(TargetType.SEARCH, "list_30")

    ended = await works.crawl(user, hashtag, comments, search)

    counts = {
        name: await works.database[name].count_documents({})
        for name in ("videos", "users", "hashtags", "comments", "search_results", "lists")
    }
    assert {key: outcome.end for key, outcome in ended.items()} == {
        user.target.key: an_end(80, of=80),
        hashtag.target.key: an_end(70, of=70),
        comments.target.key: an_end(423, of=423),
        search.target.key: an_end(33),
    }
    assert counts == {
        "videos": 80 + 70 + 30,
        "users": 1 + 3,
        "hashtags": 1,
        "comments": 423,
        "search_results": 1,
        "lists": 4,
    }
