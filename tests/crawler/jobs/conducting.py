"""A conductor turned by hand, and a worker that only says what it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from accounts.charging import Charging
from crawler.jobs.conductor import Conductor
from crawler.jobs.crawls import Crawls
from crawler.jobs.lease import Lease
from crawler.jobs.queue import Queue
from crawler.jobs.records import Fetcher, Job, Lane, Outcome
from crawler.jobs.webhooks.webhooks import Webhooks
from crawler.links import Target, TargetType

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from crawler.jobs.crawl import Crawl
    from services.mongodb import Document

FIRST = 7_300_000_000_000_000_001


def videos(count: int, first: int = 0) -> list[Target]:
    return [
        Target(type=TargetType.VIDEO, value=str(FIRST + number))
        for number in range(first, first + count)
    ]


def stored(job: Job) -> Outcome:
    """What a worker says of a post that it has stored."""
    return Outcome(key=job.target.key, video_id=job.target.value)


def a_conductor(
    database: AsyncDatabase[Document], redis: Redis, *, ttl_s: float = 10, grace_s: float = 0
) -> Conductor:
    return Conductor(
        database,
        redis,
        charging=Charging(database, redis),
        webhooks=Webhooks(database, public_address="https://api.example.com"),
        error_share=0.5,
        lease=Lease(redis, "conductor", ttl_s=ttl_s),
        grace_s=grace_s,
    )


@dataclass
class Stage:
    """Crawls, their conductor, and the queue as a worker sees it."""

    database: AsyncDatabase[Document]
    redis: Redis
    conductor: Conductor
    crawls: Crawls
    queue: Queue
    browser: Queue
    done: list[Job] = field(default_factory=list)

    @classmethod
    async def set(cls, database: AsyncDatabase[Document], redis: Redis) -> Stage:
        stage = cls(
            database=database,
            redis=redis,
            conductor=a_conductor(database, redis),
            crawls=Crawls(database, redis),
            queue=Queue(redis, pause_s=0),
            browser=Queue(redis, fetcher=Fetcher.BROWSER, pause_s=0),
        )
        await stage.queue.prepare()
        await stage.conductor.take_over()
        return stage

    async def turn(self, times: int = 1) -> None:
        for _ in range(times):
            await self.conductor.turn(block_s=0)

    async def take(self, lane: Lane = Lane.BULK, queue: Queue | None = None) -> list[Job]:
        return await (queue or self.queue).take(lane, 10_000, block_s=0.001)

    async def work(self, say: Callable[[Job], Outcome] = stored, lane: Lane = Lane.BULK) -> int:
        """End every job that is there."""
        jobs = await self.take(lane)
        for job in jobs:
            await self.queue.finish(job, say(job))
        self.done += jobs
        return len(jobs)

    async def run(self, crawl: Crawl, say: Callable[[Job], Outcome] = stored) -> Crawl:
        """Turn and work until the crawl has ended."""
        for _ in range(100):
            await self.turn()
            await self.work(say, crawl.lane)
            if (now := await self.crawls.get(crawl.id)).state.is_ended:
                return now
        raise AssertionError(f"{crawl.id} does not end")
