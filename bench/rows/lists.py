"""How fast four tabs read lists, and what a worker with a browser holds over 200 pages."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from bench.table import Row, at_least, at_most, bound
from crawler.jobs.lists import Bounds
from crawler.jobs.queue import Queue
from crawler.jobs.records import Fetcher, Job, Lane, new_id
from crawler.jobs.workers import Workers
from crawler.links import Target, TargetType
from services import redis
from services.memory import tree_bytes

if TYPE_CHECKING:
    from bench.ground import Ground

LISTS = 8
ANSWERS = 20
_ITEMS = 30
"""How many items an answer of a hashtag has."""
PAGES = 200
_STEPS = 4
_GLANCE_S = 1.0
_COUNTED = "tiktok/list/answers"


async def measure(ground: Ground, rounds: int) -> list[Row]:
    """One fresh worker: long lists, bounded so that no end is waited for; then many short ones."""
    rates = []
    with ground.site() as site, ground.browser_worker(site) as pid:
        async with redis.connect(ground.redis_url) as client:
            queue, workers = Queue(client, fetcher=Fetcher.BROWSER), Workers(client)
            while not await queue.has_browser():
                await asyncio.sleep(0.1)
            await _read(queue, count=LISTS // 2, answers=1)
            for _ in range(rounds):
                before, began = await _counted(workers), time.perf_counter()
                await _read(queue, count=LISTS, answers=ANSWERS)
                took_s = time.perf_counter() - began
                rates.append((await _counted(workers) - before) / took_s)
            peaks = [await _peak(queue, pid) for _ in range(_STEPS)]
    steps = ", ".join(f"{peak:.0f}" for peak in peaks)
    return [
        bound(
            f"lists, 4 tabs: responses captured, {ANSWERS} a list", rates, limit=at_least(2, " /s")
        ),
        bound(
            f"browser worker with its Chromium, proportional set at its highest over {PAGES} pages"
            f" (each {PAGES // _STEPS}: {steps} MB)",
            [max(peaks)],
            limit=at_most(700, " MB"),
        ),
        bound(
            f"its growth from the first {PAGES // _STEPS} pages to the last",
            [peaks[-1] - peaks[0]],
            limit=at_most(50, " MB"),
        ),
    ]


async def _read(queue: Queue, *, count: int, answers: int) -> None:
    """Have so many lists read up to so many answers each."""
    run = new_id("run")
    jobs = [
        Job(
            target=Target(type=TargetType.HASHTAG, value=f"list_{10_000 + number}"),
            lane=Lane.DEMAND,
            run=run,
            bounds=Bounds(limit=answers * _ITEMS),
        )
        for number in range(count)
    ]
    await queue.put(jobs)
    async for outcome in queue.outcomes(run, count=count):
        if outcome.end is None or outcome.end.collected != answers * _ITEMS:
            raise RuntimeError(f"{outcome.key} was not read: {outcome}")


async def _counted(workers: Workers) -> int:
    # Workers tell once a second.
    await asyncio.sleep(1.5)
    return (await workers.read()).counted.get(_COUNTED, 0)


async def _peak(queue: Queue, pid: int) -> float:
    """The most megabytes that the worker and its Chromium held over a share of the pages."""
    reading = asyncio.create_task(_read(queue, count=PAGES // _STEPS, answers=1))
    peak = 0.0
    while not reading.done():
        peak = max(peak, tree_bytes(pid) / 1e6)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(reading), _GLANCE_S)
    await reading
    return peak
