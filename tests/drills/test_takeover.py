"""What becomes of jobs when the workers that have them in hand are killed."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

import pytest

from crawler.errors import Reason
from crawler.jobs.outcomes import Outcomes
from crawler.jobs.queue import DEAD_LETTERS, STREAMS, Queue
from crawler.jobs.records import Lane
from crawler.links import Target, TargetType
from tests.site import Site
from tests.workers import start_worker

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

pytestmark = [pytest.mark.drill, pytest.mark.alone]

START = 7_300_000_000_000_000_001


def videos(count: int) -> list[Target]:
    return [
        Target(type=TargetType.VIDEO, value=str(START + 1000 * number)) for number in range(count)
    ]


async def until_fetched(site: Site, targets: list[Target]) -> None:
    async with asyncio.timeout(20):
        while not all(site.requests.keys[target.value] for target in targets):
            await asyncio.sleep(0.02)


async def assert_once(
    database: AsyncDatabase[Document], redis: Redis, targets: list[Target]
) -> None:
    """Each target has one document and one row, and nothing is left or given up."""
    ids = {target.value for target in targets}
    assert {one["_id"] async for one in database.videos.find({}, {"_id": 1})} == ids
    rows = [one["meta"]["video_id"] async for one in database.video_statistics.find()]
    assert sorted(rows) == sorted(ids)
    assert await redis.xlen(DEAD_LETTERS) == 0
    assert [await redis.xlen(stream) for stream in STREAMS.values()] == [0, 0]


async def test_the_jobs_of_a_killed_worker_are_finished_by_another_within_ten_seconds(
    mongodb_uri: str,
    redis_url: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    tmp_path: Path,
) -> None:
    targets = videos(24)
    async with Site(latency_ms=1500) as site, Outcomes(redis_client) as outcomes:
        await outcomes.until_subscribed()
        workers: list[subprocess.Popen[bytes]] = []

        def start() -> subprocess.Popen[bytes]:
            worker = start_worker(
                mongodb_uri=mongodb_uri,
                redis_url=redis_url,
                site=site.url,
                log=tmp_path / "log",
                # As in production.
                JOB_CLAIM_S="5",
                EXTRACT_TIMEOUT_S="10",
            )
            workers.append(worker)
            return worker

        doomed = start()
        queue = Queue(redis_client)
        waiters = [outcomes.expect(target.key) for target in targets]
        told = [waiter.__enter__() for waiter in waiters]
        for target in targets:
            await queue.ask(target, flight_s=60)
        await until_fetched(site, targets)
        heir = start()
        await asyncio.sleep(1)
        assert (await queue.depth(Lane.DEMAND)).in_hand == len(targets)

        doomed.kill()
        killed_at = time.monotonic()
        ended = await asyncio.gather(*(waiter.wait(15) for waiter in told))
        took_s = time.monotonic() - killed_at

        assert [outcome.video_id if outcome else None for outcome in ended] == [
            target.value for target in targets
        ]
        assert took_s < 10
        for waiter in waiters:
            waiter.__exit__(None, None, None)
        heir.terminate()
        await asyncio.to_thread(heir.wait, 20)
        doomed.wait()
    await assert_once(database, redis_client, targets)


async def test_workers_killed_at_any_time_lose_and_double_nothing(
    mongodb_uri: str,
    redis_url: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    tmp_path: Path,
) -> None:
    targets, moments = videos(300), random.Random(11)
    async with Site(latency_ms=50) as site:

        def start() -> subprocess.Popen[bytes]:
            return start_worker(
                mongodb_uri=mongodb_uri,
                redis_url=redis_url,
                site=site.url,
                log=tmp_path / "log",
                EGRESS_CONCURRENCY="8",
                # Kills are counted as failed tries, and this drill kills often.
                JOB_ATTEMPTS="50",
            )

        queue = Queue(redis_client)
        await queue.prepare()
        await queue.add(targets, run="run_1")
        workers = [start(), start()]

        async def kill() -> None:
            while True:
                await asyncio.sleep(1.2 + moments.random())
                victim = workers.pop(0)
                victim.kill()
                victim.wait()
                workers.append(start())

        killing = asyncio.create_task(kill())
        async with asyncio.timeout(120):
            ended = [outcome async for outcome in queue.outcomes("run_1", count=len(targets))]
        killing.cancel()
        for worker in workers:
            worker.terminate()
            await asyncio.to_thread(worker.wait, 20)

    assert sorted(outcome.video_id or "" for outcome in ended) == [one.value for one in targets]
    await assert_once(database, redis_client, targets)


async def test_a_job_that_kills_three_workers_becomes_a_dead_letter(
    mongodb_uri: str, redis_url: str, redis_client: Redis, tmp_path: Path
) -> None:
    (target,) = videos(1)
    async with Site(latency_ms=60_000) as site, Outcomes(redis_client) as outcomes:
        await outcomes.until_subscribed()
        queue = Queue(redis_client)
        with outcomes.expect(target.key) as waiter:
            await queue.ask(target, flight_s=60)
            for number in range(3):
                worker = start_worker(
                    mongodb_uri=mongodb_uri,
                    redis_url=redis_url,
                    site=site.url,
                    log=tmp_path / "log",
                    EXTRACT_TIMEOUT_S="60",
                )
                async with asyncio.timeout(20):
                    while site.requests.keys[target.value] <= number:
                        await asyncio.sleep(0.02)
                worker.kill()
                worker.wait()
            last = start_worker(
                mongodb_uri=mongodb_uri, redis_url=redis_url, site=site.url, log=tmp_path / "log"
            )
            outcome = await waiter.wait(20)
            last.terminate()
            await asyncio.to_thread(last.wait, 20)

    assert outcome is not None
    assert outcome.reason is Reason.CRAWL_FAILED
    letters: Any = await redis_client.xrange(DEAD_LETTERS)
    assert [letter["reason"] for _, letter in letters] == ["crawl_failed"]
