"""The queue: jobs on Redis streams, one for each lane and fetcher, each with a consumer group.

An entry stays on its stream until its job is finished; a worker that dies leaves its entries
pending, and another worker claims them once they have not been renewed for ``claim_s``.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from redis.exceptions import ResponseError

from crawler.egress.states import postponement_key, state_key
from crawler.errors import Reason
from crawler.jobs import answers, delays
from crawler.jobs.records import Fetcher, Job, Lane, Outcome, new_id
from crawler.jobs.told import TOLD
from crawler.jobs.workers import Workers
from services import tracing
from services.group_commit import GroupCommit
from services.scripts import Script, call_all

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from redis.asyncio import Redis
    from redis.asyncio.client import Pipeline

    from crawler.jobs.answers import Entry
    from crawler.links import Target
    from services.scripts import Call

logger = logging.getLogger(__name__)

GROUP = "workers"
STREAMS = {lane: f"jobs:{lane.value}" for lane in Lane}
"""The streams of the jobs that plain HTTP fetches."""
BROWSER_STREAMS = {lane: f"jobs:browser:{lane.value}" for lane in Lane}
DEAD_LETTERS = "jobs:dead"
CHANNEL = "outcomes"
RUN_TTL_S = 24 * 3600
NO_BROWSER_S = 60
"""How long to wait before asking again for what takes a browser, when there is none."""
PAUSE_S = 1.0
"""How long a bulk job waits for its second try."""
_STREAMS_OF = {Fetcher.HTTP: STREAMS, Fetcher.BROWSER: BROWSER_STREAMS}
_ADD_AT_ONCE = 500
_ASKED, _IS_THERE, _IS_BARRED = 1, 2, 3

_ask, _finish, _again = (
    Script(Path(__file__).with_name(f"{name}.lua")) for name in ("ask", "finish", "again")
)


class BarredError(Exception):
    """A target may not be crawled now.

    It is postponed, or every breaker is open, or it takes a browser and none is there; or it is
    never to be crawled again.
    """

    def __init__(self, reason: Reason, *, retry_after_s: int) -> None:
        super().__init__(f"{reason.value}, for {retry_after_s} s")
        self.reason = reason
        self.retry_after_s = retry_after_s


def run_key(run: str) -> str:
    """The stream that collects a run's outcomes."""
    return f"run:{run}:outcomes"


def outcomes_key(job: Job) -> str:
    """The stream that a job's outcome is told on; empty when none collects it."""
    if job.run is None:
        return ""
    return TOLD if job.is_of_crawl else run_key(job.run)


def stream_of(job: Job) -> str:
    """The stream of a job's lane and fetcher."""
    return _STREAMS_OF[job.fetcher][job.lane]


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
    """Jobs that wait for their time beside the stream, after a wall or a failed try."""


class Queue:
    """What producers and workers do with the streams.

    A job is put on the stream of its own fetcher; taken, claimed and brought back are those of the
    queue's ``fetcher``.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        consumer: str = "",
        claim_s: float = 5,
        tries: int = 3,
        pause_s: float = PAUSE_S,
        egresses: Iterable[str] = (),
        fetcher: Fetcher = Fetcher.HTTP,
        refuses: Callable[[Target], bool] = lambda _: False,
    ) -> None:
        self._redis = redis
        self._fetcher = fetcher
        self._streams = _STREAMS_OF[fetcher]
        self._consumer = consumer or new_id("worker")
        self._claim_ms = int(claim_s * 1000)
        self._tries = tries
        self._pause_s = pause_s
        self._states = [state_key(egress) for egress in egresses]
        self.refuses = refuses
        """Whether a target is never to be crawled."""
        self._ending: GroupCommit[list[Call], bool] = GroupCommit(self._end_all)

    @property
    def consumer(self) -> str:
        """The name under which this worker's jobs are pending."""
        return self._consumer

    async def prepare(self) -> None:
        """Make all streams and their groups; what is there already stays."""
        pipeline = self._redis.pipeline(transaction=False)
        for streams in _STREAMS_OF.values():
            for stream in streams.values():
                pipeline.xgroup_create(stream, GROUP, id="0", mkstream=True)
        for answer in await pipeline.execute(raise_on_error=False):
            if isinstance(answer, Exception) and not str(answer).startswith("BUSYGROUP"):
                raise answer

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
        told = [job.id, int(flight_s * 1000), "" if since is None else f"{since:.6f}"]
        answer = await self._ask(job, entry_key, [*told, *flat(job.to_fields())])
        logger.debug("%s asked for as %s", target.key, job.id if answer == _ASKED else "another")
        return answer == _IS_THERE

    async def check(self, target: Target) -> None:
        """See whether a target may be crawled now, without asking for it.

        Raises:
            BarredError: it may not.
        """
        await self._ask(Job(target=target, lane=Lane.DEMAND), "", ["", 0, ""])

    async def _ask(self, job: Job, entry_key: str, arguments: list[Any]) -> int:
        if self.refuses(job.target):
            raise BarredError(Reason.NOT_COLLECTED, retry_after_s=0)
        if job.fetcher is Fetcher.BROWSER and not await self.has_browser():
            raise BarredError(Reason.BROWSER_UNAVAILABLE, retry_after_s=NO_BROWSER_S)
        target = job.target
        keys = [flight_key(target), stream_of(job), entry_key, postponement_key(target.key)]
        answer = await _ask.call(self._redis, [*keys, *self._states], arguments)
        if answer[0] == _IS_BARRED:
            raise BarredError(Reason(answer[2]), retry_after_s=ceil(answer[1] / 1000))
        return int(answer[0])

    async def add(self, targets: Iterable[Target], *, run: str) -> int:
        """Put targets on the bulk lane and answer how many there were."""
        return await self.put(Job(target=target, lane=Lane.BULK, run=run) for target in targets)

    async def put(self, jobs: Iterable[Job]) -> int:
        """Put jobs on their streams and answer how many there were."""
        count = 0
        pipeline = self._redis.pipeline(transaction=False)
        for job in jobs:
            pipeline.xadd(stream_of(job), _loose(job.to_fields()))
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
                {self._streams[lane]: ">"},
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
        stream = self._streams[lane]
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
        for lane, stream in self._streams.items():
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

    async def drop(self, stream: str, job: Job, outcome: Outcome) -> bool:
        """End a job on a stream that no worker has in hand; False when one has, and will end it."""
        in_hand = await self._redis.xpending_range(
            stream, GROUP, min=job.entry_id, max=job.entry_id, count=1
        )
        if in_hand:
            return False
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.xdel(stream, job.entry_id)
        tell_end(pipeline, job, outcome)
        await pipeline.execute()
        return True

    def is_last_try(self, job: Job, reason: Reason) -> bool:
        """Whether a job that fails for this reason now has no try left at once."""
        return job.tries + 1 >= min(self._tries, reason.policy.tries)

    async def fail(self, job: Job, outcome: Outcome, *, delay_s: float = 0) -> bool:
        """Count a failed try: the job goes back on its stream, or among the dead letters.

        How many tries there are is the reason's own number, at most the queue's; a job that
        waits ``delay_s`` before the next one has all of the queue's. A bulk job waits in any case,
        twice as long each time: what ails the site lasts longer than a try. Who waits for an
        answer does not.

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
        if not delay_s and job.lane is Lane.BULK:
            delay_s = self._pause_s * 2 ** (job.tries - 1)
        await (self.put_off(job, delay_s) if delay_s else self.again(job))
        return False

    async def again(self, job: Job) -> None:
        """Put a job back on its stream, at its end."""
        await self._move(job, stream_of(job))

    async def to_browser(self, job: Job) -> None:
        """Have a browser try the plain page of a job, once; it uses up no try."""
        stream = stream_of(job)
        job.in_browser = True
        await self._move(job, stream)

    async def has_browser(self) -> bool:
        """Whether a worker with a browser is there."""
        return await Workers(self._redis).has_browser()

    async def put_off(self, job: Job, delay_s: float) -> None:
        """Take a bulk job off its stream for that long; it uses up no try."""
        await delays.put_off(self._redis, job, delay_s, stream=stream_of(job), group=GROUP)

    async def bring_back(self) -> int:
        """Put the jobs whose time has come back on the bulk lane."""
        return await delays.bring_back(self._redis, stream=self._streams[Lane.BULK])

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
        stream = self._streams[lane]
        await self.prepare()
        length: int = await self._redis.xlen(stream)
        groups: Any = await self._redis.xinfo_groups(stream)
        in_hand = sum(int(group["pending"]) for group in groups if group["name"] == GROUP)
        first: Any = await self._redis.xrange(stream, count=1)
        oldest_s = None
        if first:
            seconds, microseconds = await self._redis.time()
            oldest_s = seconds + microseconds / 1e6 - int(first[0][0].split("-")[0]) / 1000
        put_off: int = 0
        if lane is Lane.BULK:
            put_off = await self._redis.zcard(delays.put_off_key(stream))
        return Depth(waiting=length - in_hand, in_hand=in_hand, oldest_s=oldest_s, put_off=put_off)

    async def count_dead_letters(self) -> int:
        """How many jobs of all lanes have been given up and are still kept."""
        count: int = await self._redis.xlen(DEAD_LETTERS)
        return count

    async def _read(self, lane: Lane, entry_id: str, fields: dict[str, str]) -> Job | None:
        try:
            return Job.from_fields(fields, lane=lane, entry_id=entry_id)
        except (KeyError, ValueError) as error:
            letter = {**fields, "reason": "unreadable", "message": repr(error)}
            pipeline = self._redis.pipeline()
            pipeline.xadd(DEAD_LETTERS, _loose(letter | self._place(lane)))
            pipeline.xack(self._streams[lane], GROUP, entry_id)
            pipeline.xdel(self._streams[lane], entry_id)
            await pipeline.execute()
            return None

    def _place(self, lane: Lane) -> dict[str, str]:
        """Where a dead letter came from."""
        return {"lane": lane.value, "fetcher": self._fetcher.value}

    async def _move(self, job: Job, stream: str) -> None:
        """Put a job that is on ``stream`` at the end of where it belongs."""
        arguments = [GROUP, job.entry_id, *flat(job.to_fields())]
        await _again.call(self._redis, [stream, stream_of(job)], arguments)

    async def _bury(self, job: Job, outcome: Outcome) -> None:
        reason = outcome.reason.value if outcome.reason else ""
        letter = job.to_fields() | self._place(job.lane) | {"reason": reason}
        letter.pop("counted", None)
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
            stream_of(job),
            flight_key(job.target),
            outcomes_key(job),
            DEAD_LETTERS,
        ]
        is_waited_for = job.run is None or job.lane is Lane.DEMAND
        arguments: list[Any] = [
            *(GROUP, job.entry_id, job.id, CHANNEL if is_waited_for else ""),
            *(outcome.to_json(), 0 if job.is_of_crawl else RUN_TTL_S, outcome.counted_as),
            orjson.dumps(job.counted).decode(),
            *flat(letter or {}),
        ]
        return await self._ending.submit([*before, (_finish, keys, arguments)])

    async def _end_all(self, ends: Sequence[list[Call]]) -> list[bool | Exception]:
        replies = iter(await call_all(self._redis, [call for calls in ends for call in calls]))
        return [_result([next(replies) for _ in calls]) for calls in ends]


def _result(replies: list[Any]) -> bool | Exception:
    """What came of ending one job; the last of its calls ends it."""
    error = next((reply for reply in replies if isinstance(reply, Exception)), None)
    return error if error is not None else bool(replies[-1])


def flight_key(target: Target) -> str:
    """What is there while a crawl of a target is under way that was asked for on demand."""
    return f"flight:{target.key}"


def tell_end(pipeline: Pipeline, job: Job, outcome: Outcome) -> None:
    """Tell whoever waits for a job that is taken off, as the script does that ends one."""
    if key := outcomes_key(job):
        told = {"job": job.id, "outcome": outcome.to_json(), "counted": "{}"}
        pipeline.xadd(key, _loose(told))
        if not job.is_of_crawl:
            pipeline.expire(key, RUN_TTL_S)
    pipeline.publish(CHANNEL, outcome.to_json())
    pipeline.delete(flight_key(job.target))


def flat(fields: dict[str, str]) -> list[Any]:
    """Fields of an entry as a script takes them."""
    return [part for pair in fields.items() for part in pair]


def _loose(fields: dict[str, str]) -> dict[Any, Any]:
    return dict(fields)


def _entries(answer: Any) -> list[tuple[str, dict[str, str]]]:
    """The entries of one stream in an XREAD answer, which is a dict under RESP3, else a list."""
    streams = answer.items() if isinstance(answer, dict) else answer or ()
    return [entry for _, entries in streams for entry in _of_one(entries)]


def _of_one(entries: Any) -> list[tuple[str, dict[str, str]]]:
    return [tuple(entry) for entry in entries]
