"""A conductor at work and a small worker of lists, beside the API of a test."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import time
from typing import TYPE_CHECKING, Any

from accounts import collections as of_accounts
from crawler.items import Kind, RawList, RawSearch
from crawler.jobs import collections as of_jobs
from crawler.jobs.lists import ListEnd, StopReason
from crawler.jobs.queue import Queue
from crawler.jobs.records import Fetcher, Job, Lane, Outcome
from crawler.jobs.told import tell_items
from crawler.jobs.webhooks import collections as of_webhooks
from crawler.jobs.workers import WorkerKind, Workers, WorkerState
from crawler.links import TargetType
from pipelines import collections as of_documents
from pipelines.documents.comment import Comment
from pipelines.documents.mongo import to_mongo
from pipelines.documents.video import Author, Music
from pipelines.list_store import ListStore
from services.tasks import ended
from tests.api.conftest import a_video
from tests.crawler.jobs.conducting import a_conductor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

FIRST = 7_300_000_000_000_000_001
MADE = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)


def documents(job: Job, count: int) -> list[tuple[Kind, Any]]:
    """Items of a job's list, the newest first."""
    value = job.target.value
    made: list[tuple[Kind, Any]] = []
    for number in range(count):
        at = MADE - timedelta(hours=number)
        if job.target.type is TargetType.COMMENTS:
            comment = Comment(
                id=str(FIRST + number),
                video_id=value,
                text=f"comment {number}",
                created_at=at,
                observed_at=datetime.now(UTC),
            )
            made.append((Kind.COMMENT, comment))
            continue
        video = a_video(str(FIRST + number), created_at=at)
        match job.target.type:
            case TargetType.USER:
                video.author = Author(username=value)
            case TargetType.HASHTAG:
                video.hashtags = [value.upper()]
            case TargetType.MUSIC:
                video.music = Music(id=value)
        made.append((Kind.VIDEO, video))
    return made


@dataclass
class ListWorker:
    """Takes lists from the real queue and ends them as it is told."""

    redis: Redis
    database: AsyncDatabase[Document]
    crawled: list[Job] = field(default_factory=list)
    count: int = 3
    total: int = 3
    stop: StopReason = StopReason.END
    delay_s: float = 0.0
    outcome: Callable[[Job], Awaitable[Outcome]] | None = None

    async def work(self) -> None:
        queue = Queue(self.redis, consumer="lists", fetcher=Fetcher.BROWSER)
        await queue.prepare()
        while True:
            await self.tell()
            for job in await queue.take(Lane.DEMAND, 8, block_s=0.5):
                self.crawled.append(job)
                await asyncio.sleep(self.delay_s)
                await queue.finish(job, await (self.outcome or self.crawl)(job))

    async def tell(self) -> None:
        state = WorkerState(
            id="lists",
            host="test",
            pid=1,
            started_at=time(),
            memory_bytes=1,
            in_hand=0,
            fetching=0,
            kind=WorkerKind.BROWSER,
        )
        await Workers(self.redis).tell(state, {})

    async def crawl(self, job: Job) -> Outcome:
        found = documents(job, min(self.count, job.bounds.limit or self.count))
        for kind, document in found:
            stored = to_mongo(document)
            await self.database[kind.collection].replace_one(
                {"_id": stored["_id"]}, stored, upsert=True
            )
        items = [(kind, document.id) for kind, document in found]
        await tell_items(self.redis, [(job.id, items)])
        is_cut = self.stop is StopReason.END and len(found) < self.count
        end = ListEnd.of(
            StopReason.LIMIT if is_cut else self.stop,
            collected=len(found),
            reported_total=self.total,
        )
        about: dict[str, Any] = {
            "target": job.target,
            "observed_at": datetime.now(UTC),
            "spider": "lists",
            "job": job,
        }
        store = ListStore(self.database)
        if job.target.type is TargetType.SEARCH:
            await store.store(RawSearch(found=items, **about))
        await store.store(RawList(end=end, **about))
        return Outcome(key=job.target.key, end=end)


async def prepare(database: AsyncDatabase[Document]) -> None:
    for each in (of_accounts, of_jobs, of_webhooks, of_documents):
        await each.prepare(database)


@contextlib.asynccontextmanager
async def lists_at_work(
    database: AsyncDatabase[Document], redis: Redis
) -> AsyncIterator[ListWorker]:
    await prepare(database)
    worker = ListWorker(redis, database)
    async with a_conductor(database, redis).conducting():
        task = asyncio.create_task(worker.work())
        async with asyncio.timeout(5):
            while not await Workers(redis).has_browser():
                await asyncio.sleep(0.01)
        try:
            yield worker
        finally:
            await ended(task)
