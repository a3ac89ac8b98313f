"""What a real worker tells of itself: to whoever watches, and in its log."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from crawler.jobs.outcomes import Outcomes
from crawler.jobs.queue import Queue
from crawler.jobs.workers import WorkerKind, Workers
from crawler.links import Target, TargetType
from tests.refusing import refusing
from tests.site import Site
from tests.workers import a_worker

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from crawler.jobs.workers import Told
    from services.mongodb import Document

SERVED = "7300000000000000001"
CAPTCHA = "7000000000000010200"
BROKEN = "7000000000000050200"


Crawl = Callable[..., Awaitable[None]]


@contextlib.asynccontextmanager
async def crawling(
    mongodb_uri: str, redis_url: str, redis: Redis, log: Path
) -> AsyncIterator[Crawl]:
    """A worker, and what has it crawl posts and returns when they have ended."""
    queue = Queue(redis)
    async with Site() as site, Outcomes(redis) as outcomes:

        async def crawl(*video_ids: str) -> None:
            for video_id in video_ids:
                target = Target(type=TargetType.VIDEO, value=video_id)
                with outcomes.expect(target.key) as waiter:
                    await queue.ask(target, flight_s=30)
                    assert await waiter.wait(20) is not None

        await outcomes.until_subscribed()
        with a_worker(
            mongodb_uri=mongodb_uri,
            redis_url=redis_url,
            site=site.url,
            log=log,
            LOG_FORMAT="json",
        ):
            yield crawl


async def until(workers: Workers, is_so: Callable[[Told], bool]) -> Told:
    async with asyncio.timeout(10):
        while not is_so(told := await workers.read()):
            await asyncio.sleep(0.05)
    return told


@pytest.mark.drill
async def test_a_worker_tells_what_it_counts_and_takes_leave(
    mongodb_uri: str, redis_url: str, redis_client: Redis, tmp_path: Path
) -> None:
    workers, log = Workers(redis_client), tmp_path / "log"
    async with crawling(mongodb_uri, redis_url, redis_client, log) as crawl:
        await crawl(SERVED, CAPTCHA, BROKEN)
        told = await until(workers, lambda told: told.counted.get("tiktok/job/dead") == 1)

        (state,) = told.workers
        assert state.memory_bytes > 10_000_000
        assert (state.in_hand, state.fetching, state.kind) == (0, 0, WorkerKind.CRAWL)
        assert state.told_at >= state.started_at > 0
        assert told.counted["tiktok/verdict/served"] == 1
        assert told.counted["tiktok/reason/captcha"] == 1
        assert told.counted["tiktok/reason/upstream_error"] == 3
        assert told.counted["tiktok/job/done"] == 2
        assert told.counted["tiktok/job/again"] == 2
        assert told.counted["item_scraped_count"] == 1

    told = await workers.read()
    assert told.workers == ()
    assert told.counted["tiktok/verdict/served"] == 1

    async with crawling(mongodb_uri, redis_url, redis_client, log) as crawl:
        await crawl(SERVED)
        await until(workers, lambda told: told.counted["tiktok/verdict/served"] == 2)


async def test_every_line_about_a_job_bears_its_id_and_every_fault_its_traceback(
    mongodb_uri: str,
    redis_url: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    tmp_path: Path,
) -> None:
    log = tmp_path / "log"
    async with crawling(mongodb_uri, redis_url, redis_client, log) as crawl:
        await crawl(CAPTCHA)
        # From now on every document is refused, so the store fails inside its pipeline.
        async with refusing(database, "videos"):
            await crawl(SERVED)

    assert "tt_chain_token" not in log.read_text()
    assert "signature" not in log.read_text()
    lines: list[dict[str, Any]] = [orjson.loads(line) for line in log.read_text().splitlines()]
    assert all({"at", "level", "logger", "about", "message"} <= set(line) for line in lines)
    about = [line for line in lines if CAPTCHA in line["message"] or line["level"] == "ERROR"]
    assert len(about) >= 4
    assert [line["about"][:4] for line in about] == ["job_"] * len(about)
    (walled,) = (line for line in lines if CAPTCHA in line["message"])
    assert walled["message"].endswith("captcha")
    faults = [line for line in lines if line["level"] == "ERROR"]
    assert len({line["about"] for line in faults}) == 1
    assert all("WriteRefusedError" in line["traceback"] for line in faults)
