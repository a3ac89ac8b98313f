"""What becomes of due runs when the scheduler that starts them is killed or paused."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from crawler.jobs.collections import CRAWL_JOBS, CRAWL_TARGETS
from crawler.jobs.collections import prepare as prepare_crawls
from crawler.jobs.crawls import Crawls
from crawler.jobs.queue import Queue
from crawler.jobs.records import Lane
from crawler.jobs.schedules.collections import SCHEDULE_RUNS, SCHEDULES, prepare
from crawler.jobs.schedules.schedule import Timing, Wish
from crawler.jobs.schedules.schedules import Schedules
from tests.crawler.jobs.conducting import stored, videos
from tests.schedulers import start_scheduler

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

pytestmark = pytest.mark.drill

SCHEDULED = 40
EVERY_S = 2
TAKE_OVER_S = 30
LEASE = "lease:timekeeper"


@dataclass(frozen=True, kw_only=True)
class House:
    """Two schedulers, schedules that are due all the time, and a worker that ends their crawls."""

    database: AsyncDatabase[Document]
    redis: Redis
    active: subprocess.Popen[bytes]
    other: subprocess.Popen[bytes]

    async def until_begun_after(self, moment: datetime) -> None:
        """Wait until a run has begun, and has its crawl, after a moment."""
        async with asyncio.timeout(60):
            while not await self.database[CRAWL_JOBS].find_one({"created_at": {"$gt": moment}}):
                await asyncio.sleep(0.05)

    async def pause_all(self) -> None:
        """Have nothing more due, and wait until nothing is in hand."""
        paused = {"$set": {"next_at": None, "state": "paused"}}
        await self.database[SCHEDULES].update_many({}, paused)
        async with asyncio.timeout(30):
            while await self.database[SCHEDULES].find_one({"pending": {"$ne": None}}):
                await asyncio.sleep(0.05)

    async def assert_each_run_once(self) -> None:
        """Every due time is accounted for once, and every run that started has its one crawl."""
        runs = await self.database[SCHEDULE_RUNS].find().to_list()
        crawls = await self.database[CRAWL_JOBS].find().to_list()
        started = [run["crawl"] for run in runs if run["state"] == "started"]
        assert sorted(started) == sorted(crawl["_id"] for crawl in crawls)
        assert await self.database[CRAWL_TARGETS].count_documents({}) == len(crawls)
        for due in _due_times(runs).values():
            assert set(due.values()) == {1}
            assert len(due) == (max(due) - min(due)) / EVERY_S + 1


def _due_times(runs: list[Document]) -> dict[str, Counter[float]]:
    """How often each due time of each schedule was seen to, be it by a run that made up for it."""
    found: dict[str, Counter[float]] = {}
    for run in runs:
        last = run["due_at"].timestamp()
        first = run["missed_since"].timestamp() if run["missed_since"] else last
        times = [first + number * EVERY_S for number in range(int(last - first) // EVERY_S + 1)]
        found.setdefault(run["schedule"], Counter()).update(times)
    return found


@pytest.fixture
async def house(
    mongodb_uri: str,
    redis_url: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    tmp_path: Path,
) -> AsyncIterator[House]:
    await prepare_crawls(database)
    await prepare(database)
    queue = Queue(redis_client)
    await queue.prepare()
    schedules = Schedules(database, Crawls(database, redis_client))
    for number in range(SCHEDULED):
        wish = Wish(timing=Timing(every_s=EVERY_S), targets=videos(1, first=number))
        await schedules.create(wish, owner=None)

    def start(name: str) -> subprocess.Popen[bytes]:
        folder = tmp_path / name
        folder.mkdir()
        return start_scheduler(mongodb_uri=mongodb_uri, redis_url=redis_url, folder=folder)

    with contextlib.ExitStack() as stack:
        active = start("active")
        stack.callback(_end, active)
        async with asyncio.timeout(30):
            while not await redis_client.exists(LEASE):
                await asyncio.sleep(0.05)
        other = start("other")
        stack.callback(_end, other)
        worker = asyncio.create_task(_work(queue))
        stack.callback(worker.cancel)
        yield House(database=database, redis=redis_client, active=active, other=other)


async def _work(queue: Queue) -> None:
    while True:
        for job in await queue.take(Lane.BULK, 100, block_s=0.1):
            await queue.finish(job, stored(job))


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGSTOP])
async def test_another_scheduler_takes_over_and_no_run_is_lost_or_doubled(
    house: House, stop: signal.Signals
) -> None:
    await house.until_begun_after(datetime.now(UTC))
    await asyncio.sleep(5)
    holder = await house.redis.get(LEASE)

    house.active.send_signal(stop)
    stopped_at, began = datetime.now(UTC), time.monotonic()
    await house.until_begun_after(stopped_at)
    took_s = time.monotonic() - began
    assert took_s < TAKE_OVER_S
    assert await house.redis.get(LEASE) != holder

    if stop is signal.SIGSTOP:
        house.active.send_signal(signal.SIGCONT)
    await asyncio.sleep(8)
    await house.pause_all()
    await house.assert_each_run_once()


async def test_two_schedulers_that_both_work_start_each_run_once(house: House) -> None:
    async with asyncio.timeout(30):
        for _ in range(100):
            # As if neither had it, over and over: both take on what is due.
            await house.redis.delete(LEASE)
            await asyncio.sleep(0.1)
    await house.pause_all()
    await house.assert_each_run_once()
