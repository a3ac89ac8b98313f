"""A worker's intake: jobs in hand, never more at work than its slots, on-demand before bulk."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, Self

from redis.exceptions import RedisError

from crawler.errors import Reason
from crawler.jobs.records import Fetcher, Lane, Outcome
from services.tasks import stop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from crawler.egress.gate import Gate, Passage
    from crawler.jobs.queue import Queue
    from crawler.jobs.records import Job

logger = logging.getLogger(__name__)

BLOCK_S = 1.0
_RETRY_S = 0.5
_REFRESH_S = 1.0
_HURRY_S = 0.2
_CANCEL_S = 0.2
_SPARE = 4
"""How many pages an idle worker may begin without asking for a larger share."""


class Intake:
    """Takes, renews, claims and ends the jobs of one worker; an async context manager.

    A job holds a slot while its pages are fetched; twice as many may be in hand, for a job ends
    only once its documents are stored. On-demand jobs may fill all ``slots``; bulk jobs hold at
    most three quarters of them, and none is begun while an on-demand job is in hand. A few bulk
    jobs are taken ahead, many at a time, so that a free slot never waits for Redis.

    Every job passes the gate of the egresses. While that is shut, bulk jobs are left on the queue
    and on-demand jobs are refused at once.

    ``for_lists`` is for jobs that hold their slots for minutes: then none is taken ahead, for
    another worker may be free, and bulk jobs go on beside on-demand ones.
    """

    def __init__(
        self, queue: Queue, gate: Gate, *, slots: int, claim_s: float, for_lists: bool = False
    ) -> None:
        self._queue = queue
        self._gate = gate
        self._slots = slots
        self._claim_s = claim_s
        self._for_lists = for_lists
        self._in_hand: dict[str, Job] = {}
        self._fetching: dict[str, Passage] = {}
        self._waiting: dict[Lane, deque[Job]] = {lane: deque() for lane in Lane}
        self._changed = asyncio.Event()
        self._closing_since: float | None = None
        self._closed = False
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._gate.changed = self._changed.set
        await self._until_redis_answers(self._queue.prepare)
        await self._until_redis_answers(lambda: self._gate.refresh(wants=self._wanted))
        acts: dict[str, Callable[[], Awaitable[None]]] = {
            "take demand": lambda: self._take(Lane.DEMAND),
            "take bulk": lambda: self._take(Lane.BULK),
            "claim": self._claim,
            "renew": self._renew,
            "refresh": self._refresh,
            "pace": self._pace,
        }
        self._tasks = [
            asyncio.create_task(self._for_ever(act), name=name) for name, act in acts.items()
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        await stop(*self._tasks, again_s=_CANCEL_S)
        with contextlib.suppress(RedisError, OSError):
            await self._gate.close()

    @property
    def closing_for_s(self) -> float:
        """For how many seconds it has been closing; 0 while it is open."""
        return 0.0 if self._closing_since is None else monotonic() - self._closing_since

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
        while not self._closed:
            lane = self._next_lane()
            if lane is None:
                await self._until_changed()
            elif self._gate.is_shut:
                await self._turn_away()
            elif (job := await self._begin(lane)) is not None:
                yield job

    @property
    def gate(self) -> Gate:
        """What every job passes."""
        return self._gate

    def passage(self, job: Job) -> Passage:
        """The way that a job takes whose pages are being fetched."""
        return self._fetching[job.entry_id]

    async def close(self, *, within_s: float) -> bool:
        """Take no more, and wait for what is in hand; True when all of it ended in time."""
        self._closing_since = monotonic()
        try:
            async with asyncio.timeout(within_s):
                await self._put_back_bulk()
                await self._until(lambda: not self._in_hand)
        except TimeoutError:
            return False
        finally:
            self._closed = True
            self._changed.set()
        return True

    def is_last_try(self, job: Job, reason: Reason) -> bool:
        """Whether a job that fails for this reason now has no try left at once."""
        return self._queue.is_last_try(job, reason)

    async def fail(self, job: Job, outcome: Outcome, *, delay_s: float = 0) -> bool:
        """Count a failed try and free the slot; the queue hands the job out again or buries it.

        Returns:
            Whether it was buried.
        """
        return await self._end(job, lambda: self._queue.fail(job, outcome, delay_s=delay_s))

    async def again(self, job: Job, *, delay_s: float = 0) -> None:
        """Hand a job back as if it had not been tried, and free its slot."""
        if delay_s:
            await self._end(job, lambda: self._queue.put_off(job, delay_s))
        else:
            await self._end(job, lambda: self._queue.again(job))

    async def to_browser(self, job: Job) -> bool:
        """Leave a job to a browser, once; False when none is there, or has tried it already."""
        if job.fetcher is Fetcher.BROWSER:
            return False
        try:
            if not await self._queue.has_browser():
                return False
        except (RedisError, OSError) as error:
            logger.warning("it is not known whether there is a browser: %s", error)
            return False
        await self._end(job, lambda: self._queue.to_browser(job))
        return True

    async def finish(self, job: Job, outcome: Outcome) -> None:
        """End a job and free its slot."""
        await self._end(job, lambda: self._queue.finish(job, outcome))

    def has_fetched(self, job: Job) -> None:
        """Free the slot of a job whose pages are all here; its documents are on their way."""
        passage = self._fetching.pop(job.entry_id, None)
        if passage is not None:
            self._gate.leave(passage)
        self._changed.set()

    def release(self, job: Job) -> None:
        """Forget a job that has ended."""
        self._in_hand.pop(job.entry_id, None)
        self.has_fetched(job)

    async def _end(self, job: Job, end: Callable[[], Awaitable[object]]) -> bool:
        # Without Redis the entry stays pending and is claimed later: the store is idempotent.
        has_ended = False
        try:
            if (passage := self._fetching.get(job.entry_id)) is not None:
                await self._gate.conclude(passage)
            has_ended = bool(await end())
        except (RedisError, OSError) as error:
            logger.warning("%s has ended, but its entry stays: %s", job.id, error)
        self.release(job)
        return has_ended

    async def _take(self, lane: Lane) -> None:
        await self._until(lambda: self._room(lane) > 0)
        await self._accept(await self._queue.take(lane, self._room(lane), block_s=BLOCK_S))

    async def _claim(self) -> None:
        await self._queue.bring_back()
        for lane in Lane:
            if room := self._room(lane):
                await self._accept(await self._queue.claim(lane, room, held=set(self._in_hand)))
        await asyncio.sleep(min(1.0, self._claim_s / 5))

    async def _renew(self) -> None:
        if self._in_hand:
            await self._queue.renew(list(self._in_hand.values()))
        await asyncio.sleep(min(1.0, self._claim_s / 5))

    async def _refresh(self) -> None:
        """Ask for this worker's share each second, and sooner while it is too small."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_REFRESH_S):
                await self._until(self._is_short)
        await self._gate.refresh(wants=self._wanted)
        if self._is_short():
            await asyncio.sleep(_HURRY_S)

    async def _pace(self) -> None:
        await self._until(lambda: bool(self._waiting[Lane.BULK]) and self._gate.needs_pace)
        await self._gate.pace()

    async def _accept(self, jobs: list[Job]) -> None:
        for job in jobs:
            self._in_hand[job.entry_id] = job
        waits = await self._waits_of(jobs)
        for job, wait_s in zip(jobs, waits, strict=True):
            if self._queue.refuses(job.target):
                outcome = Outcome(key=job.target.key, reason=Reason.NOT_COLLECTED)
                await self.finish(job, outcome)
            elif wait_s:
                await self.again(job, delay_s=wait_s)
            else:
                self._waiting[job.lane].append(job)
        self._changed.set()

    async def _waits_of(self, jobs: list[Job]) -> list[float]:
        """For how long the targets of bulk jobs are postponed; who waits was told when asking."""
        is_bulk = all(job.lane is Lane.BULK for job in jobs)
        try:
            if jobs and is_bulk and self._gate.has_postponed:
                return await self._queue.waits_of(jobs)
        except (RedisError, OSError) as error:
            logger.warning("it is not known which targets are postponed: %s", error)
        return [0.0] * len(jobs)

    async def _turn_away(self) -> None:
        """Refuse who waits for an answer; bulk jobs stay on their stream while the gate is shut."""
        wait_s = self._gate.wait_s
        while self._waiting[Lane.DEMAND]:
            job = self._waiting[Lane.DEMAND].popleft()
            outcome = Outcome(
                key=job.target.key,
                reason=Reason.UPSTREAM_BLOCKED,
                retry_after_s=max(1, ceil(wait_s)),
            )
            await self.finish(job, outcome)
        await self._put_back_bulk()

    async def _put_back_bulk(self) -> None:
        while self._waiting[Lane.BULK]:
            await self.again(self._waiting[Lane.BULK].popleft())

    async def _begin(self, lane: Lane) -> Job | None:
        """The next job of a lane once it has passed the gate; None when it may not after all."""
        try:
            passage = await self._gate.enter(lane)
            if passage is None:
                return None
            if not self._waiting[lane]:
                self._gate.leave(passage)
                await self._gate.conclude(passage)
                return None
        except (RedisError, OSError) as error:
            logger.warning("no egress may be probed: %s", error)
            await asyncio.sleep(_RETRY_S)
            return None
        job = self._waiting[lane].popleft()
        self._fetching[job.entry_id] = passage
        if self._gate.needs_pace:
            self._changed.set()
        return job

    def _next_lane(self) -> Lane | None:
        """The lane whose job may be begun now."""
        if self._waiting[Lane.DEMAND] and self._may_begin(Lane.DEMAND, self._slots):
            return Lane.DEMAND
        if self._waiting[Lane.BULK] and not self._yields():
            return Lane.BULK if self._may_begin(Lane.BULK, self._bulk_slots) else None
        return None

    def _may_begin(self, lane: Lane, slots: int) -> bool:
        if self._gate.is_shut:
            return True
        return self.fetching < slots and self._gate.has_room(lane)

    @property
    def _bulk_slots(self) -> int:
        """How many slots bulk jobs may hold: three quarters of what this worker may do now."""
        return max(1, min(self._slots, self._gate.share) * 3 // 4)

    @property
    def _wanted(self) -> int:
        """How many pages this worker would have under way: with bulk jobs all that it may."""
        has_bulk = any(job.lane is Lane.BULK for job in self._in_hand.values())
        waiting = len(self._waiting[Lane.DEMAND])
        return self._slots if has_bulk else min(self._slots, self.fetching + waiting + _SPARE)

    def _is_short(self) -> bool:
        return self._wanted > self._gate.share and not self._gate.is_shut

    def _room(self, lane: Lane) -> int:
        """How many jobs of a lane may be taken now."""
        waiting = len(self._waiting[lane])
        spare = 2 * self._slots - len(self._in_hand)
        if self._closing_since is not None or spare <= 0:
            return 0
        if lane is Lane.DEMAND:
            return min(spare, self._slots - self.fetching - waiting)
        ahead = 0 if self._for_lists else self._bulk_slots // 2
        if self._gate.is_shut or self._yields() or 2 * waiting > ahead:
            return 0
        free = max(0, self._bulk_slots - self.fetching)
        return min(spare, free + ahead - waiting)

    def _yields(self) -> bool:
        """Whether bulk jobs wait for on-demand ones."""
        if self._for_lists:
            return bool(self._waiting[Lane.DEMAND])
        return any(job.lane is Lane.DEMAND for job in self._in_hand.values())

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            await self._until_changed()

    async def _until_changed(self) -> None:
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
