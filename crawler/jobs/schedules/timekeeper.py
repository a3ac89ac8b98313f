"""The timekeeper: takes what is due and has its runs started, each exactly once.

Any number of timekeepers may work at once. A run is taken on by one write, which also names the
next time; what follows changes nothing when it is done twice. A run that its taker does not finish
is finished by another.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from cronsim import CronSimError
from pymongo import UpdateOne
from pymongo.errors import ConnectionFailure, PyMongoError
from redis.exceptions import RedisError

from crawler.jobs.schedules.collections import SCHEDULES
from crawler.jobs.schedules.schedule import Run, Schedule, ScheduleState
from crawler.jobs.schedules.starting import Starter
from services.tasks import background

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.jobs.crawls import Crawls
    from crawler.jobs.lease import Lease
    from services.mongodb import Document

logger = logging.getLogger(__name__)

TIMEKEEPER = "timekeeper"
"""The name of the lease."""
POLL_S = 0.25
TAKEN_S = 10.0
"""After which another finishes a run that its taker has not."""
AT_ONCE = 500
TARGETS_AT_ONCE = 20_000
DRAIN_S = 5.0


class Timekeeper:
    """Keeps time for one process."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        crawls: Crawls,
        lease: Lease | None = None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        poll_s: float = POLL_S,
        taken_s: float = TAKEN_S,
    ) -> None:
        self._schedules = database[SCHEDULES]
        self._starter = Starter(database, crawls)
        self._lease = lease
        self._clock = clock
        self._poll_s = poll_s
        self._taken = timedelta(seconds=taken_s)
        self._is_ending = asyncio.Event()
        self._hears_redis = True

    @contextlib.asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        """Keep time for as long as this context is entered."""
        work = self._keep_for_ever()
        try:
            async with background(work, name=TIMEKEEPER, ending=self._is_ending, drain_s=DRAIN_S):
                yield
        finally:
            if self._lease is not None:
                with contextlib.suppress(RedisError, OSError):
                    await self._lease.let_go()

    async def keep(self) -> list[Run]:
        """Start what is due, finish what others left, and answer the runs.

        Raises:
            PyMongoError: MongoDB does not answer; nothing is lost.
        """
        runs: list[Run] = []
        for query, by in ((self._due, "next_at"), (self._left, "pending.taken_at")):
            while await self._is_mine() and (more := await self._take(query(), by)):
                runs += more
        return runs

    async def _is_mine(self) -> bool:
        """Whether it is this one that works; without Redis all do: the lease only saves work."""
        if self._is_ending.is_set():
            return False
        if self._lease is None:
            return True
        try:
            is_mine = bool(await self._lease.take())
        except (RedisError, OSError) as error:
            if self._hears_redis:
                logger.warning("schedules go on without Redis: %s", error)
            self._hears_redis = False
            return True
        self._hears_redis = True
        return is_mine

    def _due(self) -> dict[str, Any]:
        return {"next_at": {"$lte": self._now()}, "pending": None}

    def _left(self) -> dict[str, Any]:
        return {"pending.taken_at": {"$lte": self._now() - self._taken}}

    async def _take(self, query: dict[str, Any], by: str) -> list[Run]:
        """Take on the runs of those schedules that nobody else takes meanwhile."""
        found = self._schedules.find(query).sort(by, 1).limit(AT_ONCE)
        schedules = _portion([Schedule.of(document) async for document in found])
        token, now = secrets.token_hex(8), self._now()
        taking = []
        for one in schedules:
            try:
                taking.append(_taken(one, now, token))
            except (ValueError, LookupError, CronSimError) as error:
                await self._set_aside(one, error)
        if not taking:
            return []
        await self._schedules.bulk_write([write for _, write in taking], ordered=False)
        mine = await self._mine([one.id for one, _ in taking], token)
        return await self._start([one for one, _ in taking if one.id in mine])

    async def _set_aside(self, schedule: Schedule, error: Exception) -> None:
        """Pause a schedule whose times cannot be told any more, such as for a zone that is gone."""
        logger.error("%s is paused, for its time cannot be told: %r", schedule.id, error)
        await self._schedules.update_one(
            {"_id": schedule.id, "revision": schedule.revision},
            {"$set": {"state": ScheduleState.PAUSED.value, "next_at": None}},
        )

    async def _mine(self, ids: Sequence[str], token: str) -> set[str]:
        query = {"_id": {"$in": ids}, "pending.token": token}
        return {one["_id"] async for one in self._schedules.find(query, {"_id": 1})}

    async def _start(self, schedules: Sequence[Schedule]) -> list[Run]:
        """Start the pending runs; one that cannot be started does not hold up the others."""
        try:
            return await self._starter.start(schedules)
        except ConnectionFailure:
            raise
        except Exception:
            if len(schedules) == 1:
                logger.exception("a run of %s cannot be started", schedules[0].id)
                return []
            return [run for one in schedules for run in await self._start([one])]

    async def _keep_for_ever(self) -> None:
        is_heard = True
        while not self._is_ending.is_set():
            try:
                await self.keep()
                is_heard = True
            except (PyMongoError, OSError) as error:
                if is_heard:
                    logger.warning("schedules wait, for MongoDB does not answer: %s", error)
                is_heard = False
            except Exception:
                logger.exception("the timekeeper failed by our own fault")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_ending.wait(), self._poll_s)

    def _now(self) -> datetime:
        """The time as precisely as it is stored."""
        now = self._clock()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _taken(schedule: Schedule, now: datetime, token: str) -> tuple[Schedule, UpdateOne]:
    """A schedule with the run that is taken on, and the write that does so."""
    if schedule.pending is not None:
        pending = replace(schedule.pending, token=token)
        query: dict[str, Any] = {"pending.token": schedule.pending.token}
        change: dict[str, Any] = {"pending.token": token, "pending.taken_at": now}
    else:
        pending, next_at = schedule.take(now, token)
        # A run that somebody asked for may have come between.
        query = {
            "pending": None,
            "next_at": schedule.next_at,
            "last_crawl": schedule.last_crawl,
        }
        change = {"pending": pending.to_document(), "next_at": next_at}
    write = UpdateOne({"_id": schedule.id, **query}, {"$set": change})
    return replace(schedule, pending=pending), write


def _portion(schedules: Sequence[Schedule]) -> list[Schedule]:
    """The first of these schedules, as many as can be started well within a lease."""
    counts = accumulate(one.target_count for one in schedules)
    return [
        one
        for place, (one, count) in enumerate(zip(schedules, counts, strict=True))
        if place == 0 or count <= TARGETS_AT_ONCE
    ]
