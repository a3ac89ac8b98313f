"""Real workers that crawl posts and keep their files: in a folder, and in a bucket."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from crawler.jobs.backlog import Backlog
from crawler.jobs.outcomes import Outcomes
from crawler.jobs.queue import Queue
from crawler.links import Target, TargetType
from pipelines.documents.mongo import from_mongo
from pipelines.documents.video import Video
from tests.site import Site
from tests.workers import a_worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

ID = "7300000000000000001"
PHOTOS = "7000000000000070700"


async def until(is_so: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(20):
        while not await is_so():
            await asyncio.sleep(0.02)


@dataclass
class Works:
    site: Site
    queue: Queue
    outcomes: Outcomes
    backlog: Backlog
    database: AsyncDatabase[Document]

    async def keep(self, video_id: str) -> Video:
        """Crawl a post and wait until the backlog is done with it."""
        target = Target(type=TargetType.VIDEO, value=video_id)
        with self.outcomes.expect(target.key) as waiter:
            await self.queue.ask(target, flight_s=30)
            outcome = await waiter.wait(20)
        assert outcome is not None
        assert outcome.reason is None

        async def is_done() -> bool:
            return await self.backlog.size() == 0

        await until(is_done)
        document = await self.database.videos.find_one({"_id": video_id})
        assert document is not None
        return from_mongo(Video, document)


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
        servers = {"mongodb_uri": mongodb_uri, "redis_url": redis_url, "site": site.url}
        variables = {
            "ARCHIVE_URL": str(tmp_path / "archive"),
            "TIKTOK_MEDIA_HOSTS": site.url.removeprefix("http://"),
        }
        with (
            a_worker(log=tmp_path / "log", **servers, **variables),
            a_worker("--archive", log=tmp_path / "archive.log", **servers, **variables),
        ):
            yield Works(site, Queue(redis_client), outcomes, Backlog(redis_client), database)


async def test_files_are_kept(works: Works, tmp_path: Path) -> None:
    with contextlib.suppress(TimeoutError):
        video = await works.keep(ID)
        print(video.archive)
    print(list((tmp_path / "archive").rglob("*")))
    print((tmp_path / "archive.log").read_text())
    assert 0
