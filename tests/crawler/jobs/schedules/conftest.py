from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crawler.jobs.collections import CRAWL_JOBS
from crawler.jobs.collections import prepare as prepare_crawls
from crawler.jobs.crawls import Crawls
from crawler.jobs.schedules.collections import SCHEDULE_RUNS, SCHEDULES, prepare
from crawler.jobs.schedules.schedule import Run, Schedule, Timing, Wish
from crawler.jobs.schedules.schedules import Schedules
from crawler.jobs.schedules.timekeeper import Timekeeper
from crawler.links import Target, TargetType
from services import mongodb

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from crawler.jobs.lease import Lease
    from services.mongodb import Document

MARA = Target(type=TargetType.USER, value="mara")
POST = Target(type=TargetType.VIDEO, value="7300000000000000001", username="mara")
EACH_MINUTE = Timing(every_s=60)
BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Clock:
    """Shows the time that it is set to."""

    now: datetime = BEGIN

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class House:
    """Schedules on a real database, with a timekeeper that looks when it is told."""

    database: AsyncDatabase[Document]
    crawls: Crawls
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.schedules = Schedules(self.database, self.crawls, clock=self.clock)
        self.timekeeper = self.another()

    def another(self, lease: Lease | None = None) -> Timekeeper:
        """One more timekeeper, as another process has it."""
        return Timekeeper(self.database, self.crawls, lease, clock=self.clock)

    async def make(
        self, timing: Timing = EACH_MINUTE, *, owner: str | None = None, **wishes: Any
    ) -> Schedule:
        wish = Wish(timing=timing, **{"targets": [MARA, POST], **wishes})
        return await self.schedules.create(wish, owner=owner)

    async def after(self, seconds: float) -> list[Run]:
        """What is started when the timekeeper looks after so many seconds."""
        self.clock.pass_by(seconds)
        return await self.timekeeper.keep()

    async def end_crawls(self) -> None:
        await self.database[CRAWL_JOBS].update_many({}, {"$set": {"state": "succeeded"}})

    async def runs(self) -> list[Document]:
        return await self.database[SCHEDULE_RUNS].find().sort("due_at", 1).to_list()

    async def crawl_ids(self) -> list[str]:
        return [one["_id"] async for one in self.database[CRAWL_JOBS].find()]

    async def none_in_hand(self) -> bool:
        return await self.database[SCHEDULES].find_one({"pending": {"$ne": None}}) is None


_prepared: set[str] = set()


@pytest.fixture
async def house(mongodb_server: str, redis_client: Redis) -> AsyncIterator[House]:
    """A database of its own that is prepared once and emptied for each test, which is quicker."""
    async with mongodb.connect(mongodb_server) as client:
        database = client["schedules"]
        if mongodb_server not in _prepared:
            await prepare_crawls(database)
            await prepare(database)
            _prepared.add(mongodb_server)
        for name in await database.list_collection_names():
            await database[name].delete_many({})
        yield House(database, Crawls(database, redis_client))
