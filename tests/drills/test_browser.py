"""What becomes of a list when its browser, its tab or its worker ends in the middle of it."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

from crawler.egress.names import DIRECT
from crawler.egress.states import Breaker, states
from crawler.jobs.lists import ListEnd, StopReason
from crawler.jobs.queue import Queue
from crawler.jobs.records import Fetcher, Job, Lane, Outcome
from crawler.links import Target, TargetType
from services.memory import descendants
from tests.chromium import in_chromium
from tests.site import Site
from tests.workers import PROJECT, a_worker, until_ended

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncIterator
    from contextlib import AbstractContextManager

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

pytestmark = [
    pytest.mark.drill,
    in_chromium,
]

POSTS = 240


@dataclass
class Ground:
    queue: Queue
    database: AsyncDatabase[Document]
    places: dict[str, Any]

    def worker(self, **settings: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
        return a_worker("--browser", **(self.places | settings))

    async def until_begun(self) -> None:
        """Wait until some of the list is stored, and not all of it."""
        async with asyncio.timeout(30):
            while not (count := await self.database.videos.count_documents({})):
                await asyncio.sleep(0.02)
        assert count < POSTS

    async def outcome(self, run: str) -> Outcome:
        async with asyncio.timeout(60):
            (outcome,) = [one async for one in self.queue.outcomes(run, count=1)]
        return outcome


@pytest.fixture
async def ground(
    mongodb_uri: str,
    redis_url: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    tmp_path: Path,
) -> AsyncIterator[Ground]:
    async with Site(latency_ms=300) as site:
        places = {
            "mongodb_uri": mongodb_uri,
            "redis_url": redis_url,
            "site": site.url,
            "log": tmp_path / "log",
            "SCRAPY_SETTINGS_MODULE": "tests.browser_settings",
            "PYTHONPATH": str(PROJECT),
        }
        queue = Queue(redis_client, fetcher=Fetcher.BROWSER)
        await queue.prepare()
        yield Ground(queue, database, places)
        print((tmp_path / "log").read_text())


def a_job(posts: int = POSTS, *, words: str = "", run: str = "run_1") -> Job:
    target = Target(type=TargetType.HASHTAG, value=f"list_{posts}{words}")
    return Job(target=target, lane=Lane.BULK, run=run)


def browsers(worker: subprocess.Popen[bytes], *, kind: str = "") -> list[int]:
    """The processes of a worker's Chromium: renderers and the like, or the one above them."""
    return [pid for pid in descendants(worker.pid) if _is_browser(pid, kind)]


def _is_browser(pid: int, kind: str) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    is_chromium = b"--no-sandbox" in words and b"chrom" in words
    return is_chromium and (f"--type={kind}".encode() in words if kind else b"--type=" not in words)


async def until_gone(pids: list[int]) -> None:
    async with asyncio.timeout(15):
        while any(_is_browser(pid, "") for pid in pids):
            await asyncio.sleep(0.05)


async def assert_whole(ground: Ground, outcome: Outcome, posts: int = POSTS) -> None:
    whole = ListEnd.of(StopReason.END, collected=posts, reported_total=posts)
    assert (outcome.reason, outcome.end) == (None, whole)
    assert await ground.database.videos.count_documents({}) == posts
    depth = await ground.queue.depth(Lane.BULK)
    assert (depth.waiting, depth.in_hand, await ground.queue.count_dead_letters()) == (0, 0, 0)


@pytest.mark.parametrize("kind", ["", "renderer"], ids=["browser", "tab"])
async def test_a_list_whose_browser_or_tab_is_killed_is_read_again(
    ground: Ground, kind: str
) -> None:
    await ground.queue.put([a_job()])
    with ground.worker() as worker:
        await ground.until_begun()
        killed = browsers(worker, kind=kind)
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        outcome = await ground.outcome("run_1")
        worker.terminate()
        assert await until_ended(worker, within_s=30) == 0

    assert killed
    await assert_whole(ground, outcome)


async def test_a_killed_worker_leaves_its_list_to_another_and_no_browser(ground: Ground) -> None:
    await ground.queue.put([a_job()])
    with ground.worker() as first:
        await ground.until_begun()
        left = browsers(first)
        first.kill()
        with ground.worker() as second:
            await until_gone(left)
            outcome = await ground.outcome("run_1")
            second.terminate()
            assert await until_ended(second, within_s=30) == 0

    assert left
    await assert_whole(ground, outcome)


async def test_a_worker_that_is_asked_to_end_puts_its_list_back_untried(ground: Ground) -> None:
    await ground.queue.put([a_job(900)])
    with ground.worker() as first:
        await ground.until_begun()
        left = browsers(first)
        first.terminate()
        assert await until_ended(first, within_s=25) == 0
        await until_gone(left)

    (job,) = await ground.queue.take(Lane.BULK, 1, block_s=1)
    assert job.tries == 0
    assert 0 < await ground.database.videos.count_documents({}) < 900
    assert await ground.database.lists.count_documents({}) == 0


async def test_a_worker_whose_browser_s_driver_is_gone_ends_and_another_goes_on(
    ground: Ground,
) -> None:
    await ground.queue.put([a_job()])
    with ground.worker() as first:
        await ground.until_begun()
        (driver,) = (pid for pid in descendants(first.pid) if _is_driver(pid))
        os.kill(driver, signal.SIGKILL)
        assert await until_ended(first, within_s=30) == 1
    with ground.worker() as second:
        outcome = await ground.outcome("run_1")
        second.terminate()
        assert await until_ended(second, within_s=30) == 0

    await assert_whole(ground, outcome)


def _is_driver(pid: int) -> bool:
    return b"run-driver" in Path(f"/proc/{pid}/cmdline").read_bytes()


async def test_walls_in_lists_open_the_breaker_and_a_list_waits_without_a_try(
    ground: Ground, redis_client: Redis
) -> None:
    walled = [a_job(number, words="__at_2__verify", run=f"run_{number}") for number in (61, 62)]
    await ground.queue.put(walled)
    with ground.worker(BREAKER_BLOCKS="2", BACKOFF_FIRST_S="3", BACKOFF_MAX_S="3") as worker:
        ends = [(await ground.outcome(job.run or "")).end for job in walled]
        (state,) = (await states(redis_client, [DIRECT])).values()
        began = monotonic()
        await ground.queue.put([a_job(30)])
        outcome = await ground.outcome("run_1")
        waited_s = monotonic() - began
        worker.terminate()
        assert await until_ended(worker, within_s=30) == 0

    assert [(end and end.stop_reason, end and end.collected) for end in ends] == [
        (StopReason.CAPTCHA, 30),
        (StopReason.CAPTCHA, 30),
    ]
    assert state.breaker is Breaker.OPEN
    assert waited_s > 2
    assert outcome.end == ListEnd.of(StopReason.END, collected=30, reported_total=30)
