"""A worker's intake: jobs in hand, never more at work than its slots, on-demand before bulk."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Self

from redis.exceptions import RedisError

from crawler.jobs.records import Lane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from crawler.jobs.queue import Queue
    from crawler.jobs.records import Job, Outcome

logger = logging.getLogger(__name__)

BLOCK_S = 1.0
_RETRY_S = 0.5


class Intake:
    """Takes, renews, claims and ends the jobs of one worker; an async context manager.

    A job holds a slot while its pages are fetched; twice as many may be in hand, for a job ends
    only once its documents are stored. On-demand jobs may fill all ``slots``; bulk jobs hold at
    most three quarters of them, and none is begun while an on-demand job is in hand. A few bulk
    jobs are taken ahead, many at a time, so that a free slot never waits for Redis.
    """

    def __init__(self, queue: Queue, *, slots: int, claim_s: float) -> None:
        self._queue = queue
        self._slots = slots
        self._bulk_slots = max(1, slots * 3 // 4)
        self._bulk_ahead = self._bulk_slots // 2
        self._claim_s = claim_s
        self._in_hand: dict[str, Job] = {}
        self._fetching: set[str] = set()
        self._waiting: dict[Lane, deque[Job]] = {lane: deque() for lane in Lane}
        self._changed = asyncio.Event()
        self._closing = False
        self._closed = False
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self._until_redis_answers(self._queue.prepare)
        acts: dict[str, Callable[[], Awaitable[None]]] = {
            "take demand": lambda: self._take(Lane.DEMAND),
            "take bulk": lambda: self._take(Lane.BULK),
            "claim": self._claim,
            "renew": self._renew,
        }
        self._tasks = [
            asyncio.create_task(self._for_ever(act), name=name) for name, act in acts.items()
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def in_hand(self) -> int:
        """How many jobs have been taken and not ended."""
        return len(self._in_hand)

    @property
    def fetching(self) -> int:
        """How many of them hold a slot."""
        return len(self._fetching)

    async def jobs(self) -> AsyncIterator[Job]:
        """Jobs as they come and slots are free, until the intake is closed."""
        while True:
            await self._until(lambda: self._closed or self._next_lane() is not None)
            lane = self._next_lane()
            if self._closed or lane is None:
                return
            job = self._waiting[lane].popleft()
            self._fetching.add(job.entry_id)
            yield job

    async def close(self, *, within_s: float) -> bool:
        """Take no more, and wait for what is in hand; True when all of it ended in time."""
        self._closing = True
        try:
            async with asyncio.timeout(within_s):
                await self._until(lambda: not self._in_hand)
        except TimeoutError:
            return False
        finally:
            self._closed = True
            self._changed.set()
        return True

    async def fail(self, job: Job, outcome: Outcome) -> bool:
        """Count a failed try and free the slot; the queue hands the job out again or buries it.

        Returns:
            Whether it was buried.
        """
        return await self._end(job, lambda: self._queue.fail(job, outcome))

    async def finish(self, job: Job, outcome: Outcome) -> None:
        """End a job and free its slot."""
        await self._end(job, lambda: self._queue.finish(job, outcome))

    def has_fetched(self, job: Job) -> None:
        """Free the slot of a job whose pages are all here; its documents are on their way."""
        self._fetching.discard(job.entry_id)
        self._changed.set()

    def release(self, job: Job) -> None:
        """Forget a job that has ended."""
        self._in_hand.pop(job.entry_id, None)
        self.has_fetched(job)

    async def _end(self, job: Job, end: Callable[[], Awaitable[bool]]) -> bool:
        # Without Redis the entry stays pending and is claimed later: the store is idempotent.
        has_ended = False
        try:
            has_ended = await end()
        except (RedisError, OSError) as error:
            logger.warning("%s has ended, but its entry stays: %s", job.id, error)
        self.release(job)
        return has_ended

    async def _take(self, lane: Lane) -> None:
        await self._until(lambda: self._room(lane) > 0)
        self._accept(await self._queue.take(lane, self._room(lane), block_s=BLOCK_S))

    async def _claim(self) -> None:
        for lane in Lane:
            if room := self._room(lane):
                self._accept(await self._queue.claim(lane, room, held=set(self._in_hand)))
        await asyncio.sleep(min(1.0, self._claim_s / 5))

    async def _renew(self) -> None:
        if self._in_hand:
            await self._queue.renew(list(self._in_hand.values()))
        await asyncio.sleep(min(1.0, self._claim_s / 5))

    def _accept(self, jobs: list[Job]) -> None:
        for job in jobs:
            self._in_hand[job.entry_id] = job
            self._waiting[job.lane].append(job)
        self._changed.set()

    def _next_lane(self) -> Lane | None:
        """The lane whose job may be begun now."""
        if self._waiting[Lane.DEMAND] and self.fetching < self._slots:
            return Lane.DEMAND
        may_begin = self.fetching < self._bulk_slots and not self._has_demand()
        return Lane.BULK if self._waiting[Lane.BULK] and may_begin else None

    def _room(self, lane: Lane) -> int:
        """How many jobs of a lane may be taken now."""
        waiting = len(self._waiting[lane])
        spare = 2 * self._slots - len(self._in_hand)
        if self._closing or spare <= 0:
            return 0
        if lane is Lane.DEMAND:
            return min(spare, self._slots - self.fetching - waiting)
        if self._has_demand() or 2 * waiting > self._bulk_ahead:
            return 0
        free = max(0, self._bulk_slots - self.fetching)
        return min(spare, free + self._bulk_ahead - waiting)

    def _has_demand(self) -> bool:
        return any(job.lane is Lane.DEMAND for job in self._in_hand.values())

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self._changed.clear()
            await self._changed.wait()

    async def _for_ever(self, act: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._until_redis_answers(act)

    async def _until_redis_answers(self, act: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await act()
            except (RedisError, OSError) as error:
                logger.warning("the queue does not answer: %s", error)
                await asyncio.sleep(_RETRY_S)
