"""The queue: jobs on two Redis streams, handed out by one consumer group.

An entry stays on its stream until its job is finished; a worker that dies leaves its entries
pending, and another worker claims them once they have not been renewed for ``claim_s``.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from crawler.egress.states import postponement_key, state_key
from crawler.errors import Reason
from crawler.jobs import answers, delays
from crawler.jobs.records import Job, Lane, Outcome, new_id
from services import tracing
from services.group_commit import GroupCommit
from services.scripts import Script, call_all

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from redis.asyncio import Redis

    from crawler.jobs.answers import Entry
    from crawler.links import Target
    from services.scripts import Call

logger = logging.getLogger(__name__)

GROUP = "workers"
STREAMS = {lane: f"jobs:{lane.value}" for lane in Lane}
DEAD_LETTERS = "jobs:dead"
CHANNEL = "outcomes"
RUN_TTL_S = 24 * 3600
_ADD_AT_ONCE = 500
_ASKED, _IS_THERE, _IS_BARRED = 1, 2, 3

_ask, _finish, _again = (
    Script(Path(__file__).with_name(f"{name}.lua")) for name in ("ask", "finish", "again")
)


class BarredError(Exception):
    """A target may not be crawled now: it is postponed, or the breaker of every egress is open."""

    def __init__(self, reason: Reason, *, retry_after_s: int) -> None:
        super().__init__(f"{reason.value}, for {retry_after_s} s")
        self.reason = reason
        self.retry_after_s = retry_after_s


def run_key(run: str) -> str:
    """The stream that collects a run's outcomes."""
    return f"run:{run}:outcomes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How full a lane is."""

    waiting: int
    """Jobs that no worker has taken yet."""
    in_hand: int
    """Jobs that are with a worker."""
    oldest_s: float | None
    """Seconds since the oldest unfinished job was put on the stream; None when there is none."""
    put_off: int = 0
    """Jobs that wait for their time beside the stream, after a wall."""


class Queue:
    """What producers and workers do with the streams."""

    def __init__(
        self,
        redis: Redis,
        *,
        consumer: str = "",
        claim_s: float = 5,
        tries: int = 3,
        egresses: Iterable[str] = (),
    ) -> None:
        self._redis = redis
        self._consumer = consumer or new_id("worker")
        self._claim_ms = int(claim_s * 1000)
        self._tries = tries
        self._states = [state_key(egress) for egress in egresses]
        self._ending: GroupCommit[list[Call], bool] = GroupCommit(self._end_all)

    @property
    def consumer(self) -> str:
        """The name under which this worker's jobs are pending."""
        return self._consumer

    async def prepare(self) -> None:
        """Make the streams and their group; what is there already stays."""
        for stream in STREAMS.values():
            try:
                await self._redis.xgroup_create(stream, GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    async def ask(
        self,
        target: Target,
        *,
        flight_s: float,
        entry_key: str = "",
        since: float | None = None,
    ) -> bool:
        """Ask for a target on demand; a flight for it that is under way is joined.

        Returns:
            Whether the cache entry ``entry_key`` is there, and not from before the unix second
            ``since``, so that nothing had to be asked.

        Raises:
            BarredError: the target may not be crawled now.
        """
        job = Job(target=target, lane=Lane.DEMAND, traceparent=tracing.traceparent())
        answer = await _ask.call(
            self._redis,
            [
                *(_flight_key(target), STREAMS[Lane.DEMAND], entry_key),
                *(postponement_key(target.key), *self._states),
            ],
            [
                *(job.id, int(flight_s * 1000), "" if since is None else f"{since:.6f}"),
                *_flat(job.to_fields()),
            ],
        )
        logger.debug("%s asked for as %s", target.key, job.id if answer[0] == _ASKED else "another")
        if answer[0] == _IS_BARRED:
            raise BarredError(Reason(answer[2]), retry_after_s=ceil(answer[1] / 1000))
        return int(answer[0]) == _IS_THERE

    async def add(self, targets: Iterable[Target], *, run: str) -> int:
        """Put targets on the bulk lane and answer how many there were."""
        count = 0
        pipeline = self._redis.pipeline(transaction=False)
        for target in targets:
            job = Job(target=target, lane=Lane.BULK, run=run)
            pipeline.xadd(STREAMS[Lane.BULK], _loose(job.to_fields()))
            count += 1
            if count % _ADD_AT_ONCE == 0:
                await pipeline.execute()
        await pipeline.execute()
        return count

    async def take(self, lane: Lane, count: int, *, block_s: float) -> list[Job]:
        """Take up to ``count`` new jobs; wait ``block_s`` for the first one.

        An entry that is no job is put among the dead letters.
        """
        try:
            answer = await self._redis.xreadgroup(
                GROUP,
                self._consumer,
                {STREAMS[lane]: ">"},
                count=count,
                block=max(1, int(block_s * 1000)),
            )
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            await self.prepare()
            return []
        return [job for entry in _entries(answer) if (job := await self._read(lane, *entry))]

    async def claim(self, lane: Lane, count: int, *, held: set[str]) -> list[Job]:
        """Take over jobs whose worker has not renewed them for ``claim_s``.

        ``held`` are the entries this worker has in hand: they are never claimed again, even when
        it was too busy to renew them. A job counts each delivery that ended without an outcome as
        a failed try, and one that has used them all up becomes a dead letter.
        """
        stream = STREAMS[lane]
        pending: Any = await self._redis.xpending_range(
            stream, GROUP, min="-", max="+", count=count + len(held), idle=self._claim_ms
        )
        deliveries = {
            entry["message_id"]: int(entry["times_delivered"])
            for entry in pending
            if entry["message_id"] not in held
        }
        if not deliveries:
            return []
        entries: Any = await self._redis.xclaim(
            stream, GROUP, self._consumer, self._claim_ms, list(deliveries)[:count]
        )
        jobs = []
        for entry_id, fields in entries:
            job = await self._read(lane, entry_id, fields)
            if job is None:
                continue
            job.tries += deliveries[entry_id]
            if job.tries < self._tries:
                jobs.append(job)
            else:
                await self._bury(job, Outcome(key=job.target.key, reason=Reason.CRAWL_FAILED))
        return jobs

    async def renew(self, jobs: Sequence[Job]) -> None:
        """Say that these jobs are still in good hands."""
        for lane, stream in STREAMS.items():
            entry_ids: list[Any] = [job.entry_id for job in jobs if job.lane is lane]
            if entry_ids:
                await self._redis.xclaim(
                    stream, GROUP, self._consumer, 0, entry_ids, idle=0, justid=True
                )

    async def finish(
        self,
        job: Job,
        outcome: Outcome,
        *,
        entry: Entry | None = None,
        before: Sequence[Call] = (),
    ) -> bool:
        """End a job; False when another worker has ended it already.

        A cache entry given is there before anybody is told, and so is what ``before`` does.
        """
        puts = [answers.put(entry)] if entry else []
        return await self._end(job, outcome, before=[*puts, *before])

    def is_last_try(self, job: Job, reason: Reason) -> bool:
        """Whether a job that fails for this reason now has no try left at once."""
        return job.tries + 1 >= min(self._tries, reason.policy.tries)

    async def fail(self, job: Job, outcome: Outcome, *, delay_s: float = 0) -> bool:
        """Count a failed try: the job goes back on its stream, or among the dead letters.

        How many tries there are is the reason's own number, at most the queue's; a job that
        waits ``delay_s`` before the next one has all of the queue's.

        Returns:
            Whether the job has ended.
        """
        allowed = self._tries
        if outcome.reason and not delay_s:
            allowed = min(allowed, outcome.reason.policy.tries)
        job.tries += 1
        if job.tries >= allowed:
            await self._bury(job, outcome)
            return True
        await (self.put_off(job, delay_s) if delay_s else self.again(job))
        return False

    async def again(self, job: Job) -> None:
        """Put a job back on its stream, at its end."""
        await _again.call(
            self._redis, [STREAMS[job.lane]], [GROUP, job.entry_id, *_flat(job.to_fields())]
        )

    async def put_off(self, job: Job, delay_s: float) -> None:
        """Take a bulk job off its stream for that long; it uses up no try."""
        await delays.put_off(self._redis, job, delay_s, stream=STREAMS[Lane.BULK], group=GROUP)

    async def bring_back(self) -> int:
        """Put the jobs whose time has come back on the bulk lane."""
        return await delays.bring_back(self._redis, stream=STREAMS[Lane.BULK])

    async def waits_of(self, jobs: Sequence[Job]) -> list[float]:
        """For how many seconds more each job's target is postponed; 0 when it is not."""
        return await delays.waits_of(self._redis, jobs)

    async def outcomes(self, run: str, *, count: int) -> AsyncIterator[Outcome]:
        """The first ``count`` outcomes of a run, as they come."""
        seen, position = 0, "0"
        while seen < count:
            answer = await self._redis.xread({run_key(run): position}, count=500, block=1000)
            for entry_id, fields in _entries(answer):
                position = entry_id
                seen += 1
                yield Outcome.from_json(fields["outcome"])

    async def depth(self, lane: Lane) -> Depth:
        """How many jobs wait and are in hand, and how old the oldest is."""
        stream = STREAMS[lane]
        await self.prepare()
        length: int = await self._redis.xlen(stream)
        groups: Any = await self._redis.xinfo_groups(stream)
        in_hand = sum(int(group["pending"]) for group in groups if group["name"] == GROUP)
        first: Any = await self._redis.xrange(stream, count=1)
        oldest_s = None
        if first:
            seconds, microseconds = await self._redis.time()
            oldest_s = seconds + microseconds / 1e6 - int(first[0][0].split("-")[0]) / 1000
        put_off: int = await self._redis.zcard(delays.PUT_OFF) if lane is Lane.BULK else 0
        return Depth(waiting=length - in_hand, in_hand=in_hand, oldest_s=oldest_s, put_off=put_off)

    async def dead_letters(self, lane: Lane) -> int:
        """How many jobs of a lane have been given up."""
        letters: Any = await self._redis.xrange(DEAD_LETTERS)
        return sum(letter.get("lane") == lane.value for _, letter in letters)

    async def count_dead_letters(self) -> int:
        """How many jobs of both lanes have been given up and are still kept."""
        count: int = await self._redis.xlen(DEAD_LETTERS)
        return count

    async def _read(self, lane: Lane, entry_id: str, fields: dict[str, str]) -> Job | None:
        try:
            return Job.from_fields(fields, lane=lane, entry_id=entry_id)
        except (KeyError, ValueError) as error:
            letter = {**fields, "reason": "unreadable", "message": repr(error), "lane": lane.value}
            pipeline = self._redis.pipeline()
            pipeline.xadd(DEAD_LETTERS, _loose(letter))
            pipeline.xack(STREAMS[lane], GROUP, entry_id)
            pipeline.xdel(STREAMS[lane], entry_id)
            await pipeline.execute()
            return None

    async def _bury(self, job: Job, outcome: Outcome) -> None:
        reason = outcome.reason.value if outcome.reason else ""
        letter = job.to_fields() | {"lane": job.lane.value, "reason": reason}
        if outcome.upstream_message:
            letter["message"] = outcome.upstream_message
        await self._end(job, outcome, letter=letter)

    async def _end(
        self,
        job: Job,
        outcome: Outcome,
        *,
        letter: dict[str, str] | None = None,
        before: Sequence[Call] = (),
    ) -> bool:
        await answers.keep_outcome(self._redis, job, outcome)
        keys = [
            STREAMS[job.lane],
            _flight_key(job.target),
            run_key(job.run) if job.run else "",
            DEAD_LETTERS,
        ]
        arguments: list[Any] = [
            *(GROUP, job.entry_id, job.id, CHANNEL, outcome.to_json(), RUN_TTL_S),
            outcome.counted_as,
            *_flat(letter or {}),
        ]
        return await self._ending.submit([*before, (_finish, keys, arguments)])

    async def _end_all(self, ends: Sequence[list[Call]]) -> list[bool | Exception]:
        replies = iter(await call_all(self._redis, [call for calls in ends for call in calls]))
        return [_result([next(replies) for _ in calls]) for calls in ends]


def _result(replies: list[Any]) -> bool | Exception:
    """What came of ending one job; the last of its calls ends it."""
    error = next((reply for reply in replies if isinstance(reply, Exception)), None)
    return error if error is not None else bool(replies[-1])


def _flight_key(target: Target) -> str:
    return f"flight:{target.key}"


def _flat(fields: dict[str, str]) -> list[Any]:
    return [part for pair in fields.items() for part in pair]


def _loose(fields: dict[str, str]) -> dict[Any, Any]:
    return dict(fields)


def _entries(answer: Any) -> list[tuple[str, dict[str, str]]]:
    """The entries of one stream in an XREAD answer, which is a dict under RESP3, else a list."""
    streams = answer.items() if isinstance(answer, dict) else answer or ()
    return [entry for _, entries in streams for entry in _of_one(entries)]


def _of_one(entries: Any) -> list[tuple[str, dict[str, str]]]:
    return [tuple(entry) for entry in entries]
