"""A worker's intake: jobs in hand, never more than its slots, on-demand before bulk."""

from __future__ import annotations

import asyncio
import logging
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

    On-demand jobs may fill all ``slots``; bulk jobs hold at most three quarters of them, and none
    is taken while an on-demand job is in hand.
    """

    def __init__(self, queue: Queue, *, slots: int, claim_s: float) -> None:
        self._queue = queue
        self._slots = slots
        self._bulk_slots = max(1, slots * 3 // 4)
        self._claim_s = claim_s
        self._in_hand: dict[str, Job] = {}
        self._ready: asyncio.Queue[Job | None] = asyncio.Queue()
        self._changed = asyncio.Condition()
        self._closing = False
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
        """How many jobs are being worked on."""
        return len(self._in_hand)

    async def jobs(self) -> AsyncIterator[Job]:
        """Jobs as they come, until the intake is closed."""
        while (job := await self._ready.get()) is not None:
            yield job

    async def close(self, *, within_s: float) -> bool:
        """Take no more, and wait for what is in hand; True when all of it ended in time."""
        self._closing = True
        try:
            async with asyncio.timeout(within_s), self._changed:
                await self._changed.wait_for(lambda: not self._in_hand)
        except TimeoutError:
            return False
        finally:
            self._ready.put_nowait(None)
        return True

    async def finish(self, job: Job, outcome: Outcome) -> None:
        """End a job and free its slot."""
        await self._end(job, lambda: self._queue.finish(job, outcome))

    async def fail(self, job: Job, outcome: Outcome) -> None:
        """Count a failed try and free the slot; the queue hands the job out again or buries it."""
        await self._end(job, lambda: self._queue.fail(job, outcome))

    async def _end(self, job: Job, end: Callable[[], Awaitable[bool]]) -> None:
        # Without Redis the entry stays pending and is claimed later: the store is idempotent.
        try:
            await end()
        except (RedisError, OSError) as error:
            logger.warning("job %s has ended, but its entry stays: %s", job.id, error)
        async with self._changed:
            self._in_hand.pop(job.entry_id, None)
            self._changed.notify_all()

    async def _take(self, lane: Lane) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._room(lane) > 0)
        jobs = await self._queue.take(lane, self._room(lane), block_s=BLOCK_S)
        self._accept(jobs)

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
            self._ready.put_nowait(job)

    def _room(self, lane: Lane) -> int:
        if self._closing:
            return 0
        room = self._slots - len(self._in_hand)
        if lane is Lane.DEMAND:
            return room
        if any(job.lane is Lane.DEMAND for job in self._in_hand.values()):
            return 0
        return min(room, self._bulk_slots - len(self._in_hand))

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
