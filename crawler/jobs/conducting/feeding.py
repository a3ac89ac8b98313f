"""Feeding targets to the queue, few at a time and in turn: no crawl waits for a large one.

A target is noted as queued before its job is put on a stream. What is noted and on no stream, after
a crash or because Redis has lost its data, is put there again: the job has the same id, and of two
outcomes the first counts.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import orjson
from pymongo import ASCENDING

from crawler.errors import Reason
from crawler.jobs import delays
from crawler.jobs.collections import CRAWL_JOBS, CRAWL_TARGETS
from crawler.jobs.conducting.books import Entry
from crawler.jobs.conducting.running import Flying
from crawler.jobs.crawl import CrawlState, CrawlTarget, TargetState, flight_of, job_id
from crawler.jobs.lease import OvertakenError
from crawler.jobs.queue import BROWSER_STREAMS, STREAMS, stream_of
from crawler.jobs.records import Job, Lane, Outcome
from crawler.links import TargetType
from services.scripts import Script

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from crawler.jobs.conducting.running import Running
    from crawler.jobs.conducting.stored import Stored
    from crawler.jobs.lease import Fence, Lease
    from crawler.jobs.told import Item
    from crawler.jobs.workers import Workers
    from services.mongodb import Document

logger = logging.getLogger(__name__)

AT_ONCE = 500
LEAST = 400
MOST = 4000
"""How many bulk targets are on the queue at most, and at least while there are any."""
AHEAD_S = 5.0
"""For how long what is on the queue lasts."""
MOST_LISTS = 64
_FEED_AT_ONCE = 100
_LISTS = [one.value for one in TargetType if one.is_list]

_feed, _fed = (Script(Path(__file__).parents[1] / f"{name}.lua") for name in ("feed", "fed"))


@dataclass(slots=True)
class _Sorted:
    """Waiting targets of a crawl, by what is to be done with them."""

    to_lead: list[Flying] = field(default_factory=list)
    to_follow: list[Flying] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    """Those that need no crawl, or can have none."""


class Feeder:
    """Puts targets on the queue."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        redis: Redis,
        *,
        fence: Fence,
        lease: Lease,
        workers: Workers,
        stored: Stored,
    ) -> None:
        self._jobs = database[CRAWL_JOBS]
        self._targets = database[CRAWL_TARGETS]
        self._redis = redis
        self._fence = fence
        self._lease = lease
        self._workers = workers
        self._stored = stored
        self._leaders: dict[str, Flying] = {}
        """What is crawled now, by lane and flight."""
        self._followers: dict[str, list[Flying]] = {}
        """By the id of the target whose outcome they get."""

    async def feed(self, running: Running, count: int, *, has_room_for_lists: bool) -> list[Entry]:
        """Feed up to ``count`` targets, and answer what can be entered without a crawl.

        Raises:
            OvertakenError: another conductor is active.
            RedisError, PyMongoError: what was noted and not put on a stream is put there later.
        """
        waiting = await self._waiting(running, count, has_room_for_lists=has_room_for_lists)
        if not waiting:
            return []
        found = await self._sort(running, waiting)
        await self._note(running, found)
        for flying in (*found.to_lead, *found.to_follow):
            running.flying[flying.number] = flying
            self.keep(flying, running.lane)
        await self.put(found.to_lead, {running.id: running})
        return found.entries

    def keep(self, flying: Flying, lane: Lane) -> None:
        """Have in mind that a target flies."""
        if flying.leader is None:
            self._leaders.setdefault(_place(lane, flying.flight), flying)
        else:
            self._followers.setdefault(flying.leader, []).append(flying)

    def land(self, flying: Flying, lane: Lane) -> list[Flying]:
        """Forget a target that has ended, and answer those that were to have its outcome."""
        place = _place(lane, flying.flight)
        if self._leaders.get(place) is flying:
            del self._leaders[place]
        if flying.leader is not None:
            theirs = self._followers.get(flying.leader, [])
            if flying in theirs:
                theirs.remove(flying)
        return self._followers.pop(flying.id, [])

    def followers(self, flying: Flying) -> Sequence[Flying]:
        """Those that are to have a target's outcome as well."""
        return self._followers.get(flying.id, ())

    async def lead(self, flying: Sequence[Flying], running: dict[str, Running]) -> None:
        """Have targets crawled for themselves whose leader's outcome is not theirs.

        Raises:
            OvertakenError, RedisError, PyMongoError: as :meth:`feed`.
        """
        if not flying:
            return

        async def note(session: AsyncClientSession) -> None:
            await self._targets.update_many(
                {"_id": {"$in": [one.id for one in flying]}},
                {"$set": {"leader": None}},
                session=session,
            )

        await self._fence.write(note)
        first: dict[str, Flying] = {}
        for one in flying:
            leader = first.setdefault(one.flight, one)
            one.leader = None if leader is one else leader.id
            self.keep(one, running[one.crawl].lane)
        await self.put(list(first.values()), running)

    async def put(self, flying: Iterable[Flying], running: dict[str, Running]) -> None:
        """Put the jobs of targets on their streams.

        Raises:
            OvertakenError: the lease is another's.
            RedisError: it is not known which of them are there.
        """
        by_stream: dict[str, list[str]] = {}
        for one in flying:
            job = _job(one, running[one.crawl])
            fields = [part for pair in job.to_fields().items() for part in pair]
            by_stream.setdefault(stream_of(job), []).append(orjson.dumps(fields).decode())
        for stream, jobs in by_stream.items():
            for start in range(0, len(jobs), _FEED_AT_ONCE):
                arguments: list[Any] = [self._lease.holder, *jobs[start : start + _FEED_AT_ONCE]]
                if not await _feed.call(self._redis, [self._lease.key, stream], arguments):
                    raise OvertakenError(self._lease.key)

    async def missing(self, running: Iterable[Running]) -> list[Flying]:
        """Targets that should be on a stream and are not, those just put there aside.

        What is told and not yet entered is not on a stream any more: enter all of that afterwards,
        and only then take what is still missing for lost.

        Raises:
            RedisError: Redis does not answer.
        """
        streams = [*STREAMS.values(), *BROWSER_STREAMS.values()]
        keys = [*streams, *sorted({delays.put_off_key(stream) for stream in streams})]
        fed = set(await _fed.call(self._redis, keys, []))
        return [
            flying
            for one in running
            for flying in one.flying.values()
            if flying.leader is None and job_id(flying.id, flying.attempt) not in fed
        ]

    async def _waiting(
        self, running: Running, count: int, *, has_room_for_lists: bool
    ) -> list[CrawlTarget]:
        query: dict[str, Any] = {"crawl": running.id, "state": TargetState.WAITING.value}
        if not has_room_for_lists:
            query["type"] = {"$nin": _LISTS}
        found = self._targets.find(query).sort("number", ASCENDING).limit(min(count, AT_ONCE))
        return [CrawlTarget.of(document) async for document in found]

    async def _sort(self, running: Running, waiting: Sequence[CrawlTarget]) -> _Sorted:
        found = _Sorted()
        stored = await self._stored.find([one.target for one in waiting], running.options)
        has_browser = await self._has_browser(waiting)
        leaders = dict(self._leaders)
        for target in waiting:
            flying = _flying(target, running)
            items = stored.get(target.target.key)
            if items is not None:
                found.entries.append(_cached(running, flying, items))
            elif target.target.type.is_list and not has_browser:
                found.entries.append(_browserless(running, flying))
            elif (leader := _leader(leaders, running.lane, flying)) is not None:
                flying.leader = leader.id
                found.to_follow.append(flying)
            else:
                leaders.setdefault(_place(running.lane, flying.flight), flying)
                found.to_lead.append(flying)
        return found

    async def _has_browser(self, waiting: Sequence[CrawlTarget]) -> bool:
        has_lists = any(one.target.type.is_list for one in waiting)
        return not has_lists or await self._workers.has_browser()

    async def _note(self, running: Running, found: _Sorted) -> None:
        now = datetime.now(UTC)
        started_at = running.started_at or now
        begun = {"state": TargetState.QUEUED.value, "started_at": now}

        async def note(session: AsyncClientSession) -> None:
            if not running.is_begun:
                await self._jobs.update_one(
                    {"_id": running.id},
                    {"$set": {"state": CrawlState.RUNNING.value, "started_at": started_at}},
                    session=session,
                )
            for leader, ids in _by_leader(found):
                await self._targets.update_many(
                    {"_id": {"$in": ids}, "state": TargetState.WAITING.value},
                    {"$set": {**begun, "leader": leader}, "$inc": {"attempts": 1}},
                    session=session,
                )

        if found.to_lead or found.to_follow:
            await self._fence.write(note)
            running.is_begun, running.started_at = True, started_at


def room(running: Sequence[Running], rate: float) -> dict[str, int]:
    """How many more targets of each bulk crawl may be on the queue: each has an equal share."""
    waiting = [one for one in running if one.waiting > 0 and one.stop is None]
    if not waiting:
        return {}
    window = min(MOST, max(LEAST, int(rate * AHEAD_S)))
    share = max(1, window // len(waiting))
    return {one.id: max(0, share - len(one.flying)) for one in waiting}


def lists_under_way(running: Iterable[Running]) -> int:
    """How many lists are on the queue."""
    return sum(
        flying.target.type.is_list and flying.leader is None
        for one in running
        for flying in one.flying.values()
    )


def flying_of(document: Document) -> Flying:
    """A target that was noted as queued."""
    found = CrawlTarget.of(document)
    return Flying(
        crawl=found.crawl,
        number=found.number,
        target=found.target,
        attempt=found.attempts,
        flight=document["flight"],
        leader=document.get("leader"),
        since=monotonic(),
    )


def _flying(target: CrawlTarget, running: Running) -> Flying:
    return Flying(
        crawl=running.id,
        number=target.number,
        target=target.target,
        attempt=target.attempts + 1,
        flight=flight_of(target.target, running.options.bounds),
    )


def _job(flying: Flying, running: Running) -> Job:
    return Job(
        id=job_id(flying.id, flying.attempt),
        target=flying.target,
        lane=running.lane,
        run=running.id,
        account=running.owner,
        bounds=running.options.bounds,
    )


def _place(lane: Lane, flight: str) -> str:
    return f"{lane.value} {flight}"


def _leader(leaders: dict[str, Flying], lane: Lane, flying: Flying) -> Flying | None:
    """Whose outcome a target may wait for: who waits on demand waits for no bulk target."""
    lanes = [Lane.DEMAND] if lane is Lane.DEMAND else [Lane.BULK, Lane.DEMAND]
    found = (leaders.get(_place(one, flying.flight)) for one in lanes)
    return next((leader for leader in found if leader is not None), None)


def _by_leader(found: _Sorted) -> Iterator[tuple[str | None, list[str]]]:
    if found.to_lead:
        yield None, [one.id for one in found.to_lead]
    theirs: dict[str | None, list[str]] = {}
    for one in found.to_follow:
        theirs.setdefault(one.leader, []).append(one.id)
    yield from theirs.items()


def _cached(running: Running, flying: Flying, items: Sequence[Item]) -> Entry:
    video_id = next((item for kind, item in items if kind.value == "video"), None)
    is_list = flying.target.type.is_list
    outcome = Outcome(key=flying.target.key, video_id=None if is_list else video_id)
    return Entry(running=running, flying=flying, items=list(items), outcome=outcome, is_cached=True)


def _browserless(running: Running, flying: Flying) -> Entry:
    outcome = Outcome(key=flying.target.key, reason=Reason.BROWSER_UNAVAILABLE)
    return Entry(running=running, flying=flying, outcome=outcome)
