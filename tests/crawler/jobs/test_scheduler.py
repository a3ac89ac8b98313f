"""A real scheduler process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from crawler.jobs.collections import prepare
from crawler.jobs.crawls import Crawls
from crawler.jobs.queue import Queue
from crawler.jobs.records import Lane
from crawler.jobs.schedules.collections import prepare as prepare_schedules
from crawler.jobs.schedules.schedule import Timing, Wish
from crawler.jobs.schedules.schedules import Schedules
from tests.crawler.jobs.conducting import stored, videos
from tests.schedulers import a_scheduler

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document


async def test_a_scheduler_conducts_until_it_is_asked_to_end(
    mongodb_uri: str,
    redis_url: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    tmp_path: Path,
) -> None:
    await prepare(database)
    crawls, queue = Crawls(database, redis_client), Queue(redis_client)
    await queue.prepare()
    crawl = await crawls.create(videos(3), owner=None)
    with a_scheduler(mongodb_uri=mongodb_uri, redis_url=redis_url, folder=tmp_path) as scheduler:
        async with asyncio.timeout(30):
            while not (await crawls.get(crawl.id)).state.is_ended:
                for job in await queue.take(Lane.BULK, 10, block_s=0.1):
                    await queue.finish(job, stored(job))
        scheduler.terminate()
        assert await asyncio.to_thread(scheduler.wait, 20) == 0

    assert (await crawls.get(crawl.id)).state == "succeeded"
    assert await redis_client.get("lease:conductor") is None


@pytest.mark.drill
async def test_a_scheduler_starts_what_is_due(
    mongodb_uri: str,
    redis_url: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    tmp_path: Path,
) -> None:
    await prepare_schedules(database)
    crawls = Crawls(database, redis_client)
    wish = Wish(timing=Timing(every_s=1), targets=videos(1))
    schedule = await Schedules(database, crawls).create(wish, owner=None)
    with a_scheduler(mongodb_uri=mongodb_uri, redis_url=redis_url, folder=tmp_path) as scheduler:
        async with asyncio.timeout(30):
            while not (await crawls.page(schedule=schedule.id)).items:
                await asyncio.sleep(0.02)
        scheduler.terminate()
        assert await asyncio.to_thread(scheduler.wait, 20) == 0
    assert await redis_client.get("lease:timekeeper") is None
