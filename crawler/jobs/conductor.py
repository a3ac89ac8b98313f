"""The conductor: the one process that advances crawls; others stand by.

What it has in mind can be lost at any moment: MongoDB has all of it, and whoever takes over reads
it there. Each step is one transaction behind a fence, so a conductor that was paused and wakes
beside its successor writes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from crawler.items import Kind
from crawler.jobs.collections import CRAWL_ITEMS, CRAWL_JOBS, CRAWL_TARGETS
from crawler.jobs.conducting import feeding
from crawler.jobs.conducting.books import Books, Ended, Entry
from crawler.jobs.conducting.endings import Endings
from crawler.jobs.conducting.ends import CANCELLED, ERRORS, has_too_many_errors, is_own
from crawler.jobs.conducting.feeding import Feeder, flying_of
from crawler.jobs.conducting.hearing import entries_of
from crawler.jobs.conducting.loading import Loader
from crawler.jobs.conducting.state import ConductorState, count_delivered, tell_of
from crawler.jobs.conducting.stored import Stored
from crawler.jobs.conducting.watchers import Watchers
from crawler.jobs.crawl import Crawl, TargetState, job_id
from crawler.jobs.crawls import NEWS, cancelled_key
from crawler.jobs.lease import RENEW_S, Fence, Lease, OvertakenError, Taken
from crawler.jobs.records import Lane
from crawler.jobs.told import TOLD, Told
from crawler.jobs.workers import Workers
from services.tasks import background

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from accounts.charging import Charging
    from crawler.jobs.conducting.running import Flying, Running
    from crawler.jobs.webhooks.webhooks import Webhooks
    from services.mongodb import Document

logger = logging.getLogger(__name__)

CONDUCTOR = "conductor"
"""The name of the lease and of the fence."""
LOOK_S = 1.0
CHECK_S = 10.0
GRACE_S = 3.0
"""How long a crawl that was stopped waits for the outcomes of what is under way."""
_BLOCK_S = 0.5
_GATHER_S = 0.05
_GATHER_MANY_S = 0.25
"""How long outcomes of bulk crawls are gathered, and where many fly: the more at once, the less
each costs."""
_MANY = 100
_TOLD_AT_ONCE = 500
_RECENT = timedelta(minutes=10)
_KEPT_S = 24 * 3600


class Conductor:
    """Conducts for one process; active while it has the lease."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        redis: Redis,
        *,
        charging: Charging,
        webhooks: Webhooks,
        error_share: float,
        lease: Lease | None = None,
        grace_s: float = GRACE_S,
    ) -> None:
        self._jobs = database[CRAWL_JOBS]
        self._targets = database[CRAWL_TARGETS]
        self._items = database[CRAWL_ITEMS]
        self._redis = redis
        self._charging = charging
        self._error_share = error_share
        self._grace_s = grace_s
        self._lease = lease or Lease(redis, CONDUCTOR)
        self._fence = Fence(database, CONDUCTOR)
        self._books = Books(database, charging, self._fence)
        self._endings = Endings(database, self._fence, webhooks)
        self._watchers = Watchers(redis)
        self._loader = Loader(database)
        self._stored = Stored(database)
        self._workers = Workers(redis)
        self._running: dict[str, Running] = {}
        self._feeder = self._new_feeder(database)
        self._database = database
        self._news_from = "$"
        self._renewed_at = self._looked_at = self._checked_at = 0.0
        self._since = 0.0
        self._turn_number = 0

    @contextlib.asynccontextmanager
    async def conducting(self) -> AsyncIterator[None]:
        """Conduct, or stand by, for as long as this context is entered."""
        ending = asyncio.Event()
        work = self._stand_by(ending)
        try:
            # A transaction is finished; a cancellation in its midst would only cost time.
            async with background(work, name=CONDUCTOR, ending=ending, drain_s=self._grace_s):
                yield
        finally:
            with contextlib.suppress(RedisError, OSError):
                await self._lease.let_go()

    async def _stand_by(self, ending: asyncio.Event) -> None:
        while not ending.is_set():
            try:
                if await self._lease.take():
                    await self._conduct(ending)
            except OvertakenError:
                logger.warning("another conductor has taken over")
            except (RedisError, PyMongoError, OSError) as error:
                logger.warning("crawls wait: %s", str(error) or "a database does not answer")
            except Exception:
                logger.exception("the conductor begins anew after a fault of its own")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), LOOK_S)

    async def _conduct(self, ending: asyncio.Event) -> None:
        await self.take_over()
        while not ending.is_set():
            if monotonic() - self._renewed_at > RENEW_S:
                if await self._lease.take() is not Taken.RENEWED:
                    # Redis has lost its data, or another was active meanwhile: read all anew.
                    return
                await self._tell_of_itself()
            if not self._lease.is_held:
                return
            await self.turn()

    async def take_over(self) -> None:
        """Shut out whoever was active, and read what runs; the lease must be ours.

        Raises:
            RedisError, PyMongoError: a database does not answer.
        """
        await self._lease.take()
        await self._fence.enter()
        logger.info("this process conducts the crawls")
        self._running.clear()
        self._feeder = self._new_feeder(self._database)
        self._since = datetime.now(UTC).timestamp()
        self._news_from = await self._last_news()
        await self._tell_of_itself()
        await self._look()
        await self._check()
        await self._make_up()

    def _new_feeder(self, database: AsyncDatabase[Document]) -> Feeder:
        return Feeder(
            database,
            self._redis,
            fence=self._fence,
            lease=self._lease,
            workers=self._workers,
            stored=self._stored,
        )

    async def turn(self, *, block_s: float = _BLOCK_S) -> None:
        """Enter what was told, after ``block_s`` at most, then see what there is to do.

        Raises:
            OvertakenError: another conductor is active.
            RedisError, PyMongoError: take over anew, for what is in mind may not be so.
        """
        if await self._hear(block_s):
            await self._look()
        now = monotonic()
        if now - self._looked_at > LOOK_S:
            await self._look()
        if now - self._checked_at > CHECK_S:
            await self._check()
        await self._feed()
        await self._stop()
        await self._end()
        await self._watchers.tell_progress(self._running.values())

    async def _hear(self, block_s: float) -> bool:
        """Enter what workers told; answers whether there is news of crawls."""
        answer: Any = await self._redis.xread(
            {TOLD: "0", NEWS: self._news_from},
            count=_TOLD_AT_ONCE,
            block=int(block_s * 1000) if block_s else None,
        )
        streams = dict(answer.items() if isinstance(answer, dict) else answer or ())
        news, told = streams.get(NEWS, []), streams.get(TOLD, [])
        if news:
            self._news_from = news[-1][0]
        if told and not news and not self._has_demand():
            await asyncio.sleep(_GATHER_MANY_S if self._flying > _MANY else _GATHER_S)
            told = await self._redis.xrange(TOLD, count=_TOLD_AT_ONCE)
        if told:
            await self._enter_told(told)
        return bool(news)

    async def _enter_told(self, entries: Sequence[tuple[str, dict[str, str]]]) -> None:
        told = [Told.read(*entry) for entry in entries]
        await self._enter(entries_of((one for one in told if one is not None), self._running))
        await self._redis.xdel(TOLD, *(entry_id for entry_id, _ in entries))

    async def _enter(self, entries: Sequence[Entry]) -> None:
        """Enter a batch; those who follow a post have its outcome in the same."""
        if not entries:
            return
        batch = list(entries)
        for entry in entries:
            if entry.outcome is not None and not _is_list(entry) and not is_own(entry.outcome):
                batch += [
                    Entry(
                        running=self._running[follower.crawl],
                        flying=follower,
                        items=entry.items,
                        outcome=entry.outcome,
                    )
                    for follower in self._feeder.followers(entry.flying)
                ]
        before = {one.id: one.stop for one in self._running.values()}
        ended = await self._books.enter(batch)
        delivered = sum(len(entry.items) for entry in entries)
        if delivered:
            await count_delivered(self._redis, delivered)
        for running in {entry.running.id: entry.running for entry in batch}.values():
            if running.stop is not None and before.get(running.id) is None:
                await self._begin_stop(running)
        await self._land(ended)

    async def _land(self, ended: Sequence[Ended]) -> None:
        """Tell of targets that have ended, and see to those that followed them."""
        await self._watchers.tell_outcomes(ended)
        left: list[Flying] = []
        for one in ended:
            followers = self._feeder.land(one.flying, one.running.lane)
            left_of_one = [
                follower
                for follower in followers
                if follower.number in self._running[follower.crawl].flying
            ]
            if left_of_one and one.end.state is TargetState.SUCCEEDED:
                await self._pass_on(one, left_of_one)
            else:
                left += left_of_one
        await self._feeder.lead(left, self._running)

    async def _pass_on(self, ended: Ended, followers: Sequence[Flying]) -> None:
        """Give the followers of a list its items, and then its outcome."""
        found = self._items.find(
            {"crawl": ended.running.id, "targets": ended.flying.number}, {"kind": 1, "item": 1}
        ).sort("sequence", 1)
        items = [(Kind(one["kind"]), str(one["item"])) async for one in found]
        for follower in followers:
            running = self._running[follower.crawl]
            for start in range(0, len(items), _TOLD_AT_ONCE):
                chunk = items[start : start + _TOLD_AT_ONCE]
                await self._enter([Entry(running=running, flying=follower, items=chunk)])
            outcome = ended.end.outcome
            await self._enter([Entry(running=running, flying=follower, outcome=outcome)])

    async def _look(self) -> None:
        """See which crawls are there, and which are not wanted any more."""
        self._looked_at = monotonic()
        for crawl_id, stop_reason in (await self._loader.stop_reasons()).items():
            running = self._running.get(crawl_id)
            if running is None:
                await self._load(crawl_id)
            elif stop_reason is not None and running.stop is None:
                running.stop = stop_reason
                await self._begin_stop(running)

    async def _load(self, crawl_id: str) -> None:
        """Have a crawl in mind."""
        running = await self._loader.load(crawl_id)
        if running is None:
            return
        for flying in running.flying.values():
            self._feeder.keep(flying, running.lane)
        self._running[crawl_id] = running
        if running.stop is not None:
            await self._begin_stop(running)

    async def _check(self) -> None:
        """Feed again what should be on a stream and is not."""
        self._checked_at = monotonic()
        missing = await self._feeder.missing(self._running.values())
        while missing and await self._redis.xlen(TOLD):
            await self._hear(0)
        ids = {job_id(one.id, one.attempt) for one in missing}
        lost = [
            one
            for running in self._running.values()
            for one in running.flying.values()
            if job_id(one.id, one.attempt) in ids
        ]
        if lost:
            logger.warning("%d targets are on no stream any more: they are fed again", len(lost))
            await self._feeder.put(lost, self._running)
        await self._feeder.lead(self._orphans(), self._running)

    def _orphans(self) -> list[Flying]:
        """Targets that wait for others that have ended."""
        flying = {one.id: one for each in self._running.values() for one in each.flying.values()}
        return [
            one
            for one in flying.values()
            if one.leader is not None
            and (one.leader not in flying or flying[one.leader].leader is not None)
        ]

    async def _feed(self) -> None:
        running = [one for one in self._running.values() if one.waiting > 0 and one.stop is None]
        if not running:
            return
        bulk = [one for one in running if one.lane is Lane.BULK]
        rate = sum(one.rate or 0 for one in self._running.values())
        rooms = feeding.room(bulk, rate) | {
            one.id: feeding.AT_ONCE for one in running if one.lane is Lane.DEMAND
        }
        # The one that was first is last the next time.
        self._turn_number += 1
        start = self._turn_number % len(running)
        for one in (*running[start:], *running[:start]):
            if (count := rooms[one.id]) > 0 and one.stop is None:
                lists = feeding.lists_under_way(self._running.values())
                has_room = one.lane is Lane.DEMAND or lists < feeding.MOST_LISTS
                entries = await self._feeder.feed(one, count, has_room_for_lists=has_room)
                await self._enter(entries)

    async def _begin_stop(self, running: Running) -> None:
        """Have workers stop, and nothing more be fed."""
        running.stopped_at = monotonic()
        await self._redis.set(cancelled_key(running.id), running.stop or CANCELLED, ex=_KEPT_S)
        logger.info("%s stops: %s", running.id, running.stop)

    async def _stop(self) -> None:
        """End the targets of crawls that are not wanted any more."""
        for running in list(self._running.values()):
            if running.stop is None:
                if has_too_many_errors(running, self._error_share):
                    running.stop = ERRORS
                    await self._begin_stop(running)
                continue
            if running.waiting > 0:
                await self._end_waiting(running)
            is_over = monotonic() - (running.stopped_at or 0) > self._grace_s
            if running.flying and (is_over or all(one.leader for one in running.flying.values())):
                left = list(running.flying.values())[:_TOLD_AT_ONCE]
                await self._enter(
                    [Entry(running=running, flying=one, stop=running.stop) for one in left]
                )

    async def _end_waiting(self, running: Running) -> None:
        waiting = self._targets.find(
            {"crawl": running.id, "state": TargetState.WAITING.value}
        ).limit(_TOLD_AT_ONCE)
        entries = [
            Entry(running=running, flying=flying_of(one), stop=running.stop)
            async for one in waiting
        ]
        await self._enter(entries)

    async def _end(self) -> None:
        for running in list(self._running.values()):
            if running.ended < running.targets:
                continue
            crawl = await self._endings.end(running)
            del self._running[running.id]
            if crawl is not None:
                await self._watchers.tell_end(crawl)

    async def _make_up(self) -> None:
        """Do what the one before may not have come to: tell of ends, and of what was charged."""
        recent = self._jobs.find({"finished_at": {"$gte": datetime.now(UTC) - _RECENT}})
        owners = {one.owner for one in self._running.values()}
        async for document in recent.limit(_TOLD_AT_ONCE):
            crawl = Crawl.of(document)
            owners.add(crawl.owner)
            await self._watchers.make_up_for_end(crawl)
        for owner in owners:
            if owner is not None:
                await self._charging.tell(owner)

    async def _last_news(self) -> str:
        last: Any = await self._redis.xrevrange(NEWS, count=1)
        return str(last[0][0]) if last else "0"

    async def _tell_of_itself(self) -> None:
        self._renewed_at = monotonic()
        state = ConductorState.of(self._running.values(), since=self._since)
        await tell_of(self._redis, state)

    @property
    def _flying(self) -> int:
        return sum(len(one.flying) for one in self._running.values())

    def _has_demand(self) -> bool:
        return any(one.lane is Lane.DEMAND for one in self._running.values())


def _is_list(entry: Entry) -> bool:
    return entry.flying.target.type.is_list
