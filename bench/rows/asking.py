"""From a job's entry on the queue to a stored post and a woken caller, one at a time."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from bench.ground import new_targets
from bench.our_worker import our_worker
from bench.table import Row, at_most, bound, percentile
from crawler.jobs.outcomes import Outcomes
from crawler.jobs.queue import Queue
from pipelines.collections import VIDEOS
from services import mongodb, redis

if TYPE_CHECKING:
    from bench.ground import Ground
    from crawler.links import Target

ASKS = 500
_WARM = 200
_TIMEOUT_S = 10


async def measure(ground: Ground, rounds: int) -> list[Row]:
    """Ask for posts that nobody has asked for, each when the one before has come."""
    halves: list[float] = []
    tails: list[float] = []
    async with AsyncExitStack() as stack:
        site = stack.enter_context(ground.site())
        await stack.enter_async_context(our_worker(ground, site, connections=16))
        client = await stack.enter_async_context(redis.connect(ground.redis_url))
        outcomes = await stack.enter_async_context(Outcomes(client))
        await outcomes.until_subscribed()
        await _ask_all(Queue(client), outcomes, new_targets(_WARM))
        for _ in range(rounds):
            targets = new_targets(ASKS)
            times = await _ask_all(Queue(client), outcomes, targets)
            await _check(ground, targets)
            halves.append(percentile(times, 0.5))
            tails.append(percentile(times, 0.99))
    what = f"asked on demand → stored, published, caller woken ({ASKS} a round)"
    return [
        bound(f"{what}, p50", halves, limit=at_most(8, " ms")),
        bound(f"{what}, p99", tails, limit=at_most(20, " ms")),
    ]


async def _ask_all(queue: Queue, outcomes: Outcomes, targets: list[Target]) -> list[float]:
    """Milliseconds for each target."""
    times = []
    for target in targets:
        began = time.perf_counter()
        with outcomes.expect(target.key) as waiter:
            await queue.ask(target, flight_s=_TIMEOUT_S)
            outcome = await waiter.wait(_TIMEOUT_S)
        times.append((time.perf_counter() - began) * 1000)
        assert outcome is not None, "no outcome came"
        assert outcome.reason is None, outcome
    return times


async def _check(ground: Ground, targets: list[Target]) -> None:
    """Every post is in MongoDB."""
    client = mongodb.connect(ground.mongodb_uri)
    async with client:
        videos = mongodb.database(client, ground.mongodb_uri)[VIDEOS]
        wanted = [target.value for target in targets]
        stored = await videos.count_documents({"_id": {"$in": wanted}})
    assert stored == len(targets), f"{stored} of {len(targets)} are in MongoDB"
