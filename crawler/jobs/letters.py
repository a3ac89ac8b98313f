"""Dead letters: jobs that were given up, for whoever operates to see and to put back."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.jobs.crawls import CrawlStateError, UnknownCrawlError
from crawler.jobs.queue import DEAD_LETTERS, flat, stream_of
from crawler.jobs.records import Fetcher, Job, Lane
from services.scripts import Script, call_all

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from redis.asyncio import Redis

    from crawler.jobs.crawls import Crawls
    from services.scripts import Call

_AT_ONCE = 500

_redrive = Script(Path(__file__).with_name("redrive.lua"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A job that was given up, or an entry of a stream that was no job."""

    id: str
    fields: Mapping[str, str]

    @property
    def at(self) -> datetime:
        """When it was given up."""
        return datetime.fromtimestamp(int(self.id.partition("-")[0]) / 1000, UTC)

    @property
    def place(self) -> tuple[str, str]:
        """The fetcher and the lane that it came from."""
        return self.fields.get("fetcher", Fetcher.HTTP.value), self.fields.get("lane", "")

    @property
    def reason(self) -> str:
        """Why it was given up."""
        return self.fields.get("reason", "")

    @property
    def target(self) -> str | None:
        """What was to be crawled, such as ``video:7106594312292453675``."""
        kind, value = self.fields.get("type"), self.fields.get("value")
        return f"{kind}:{value}" if kind and value else None

    @property
    def run(self) -> str | None:
        """The crawl that it belonged to."""
        return self.fields.get("run")

    @property
    def message(self) -> str | None:
        """What TikTok said, or what is wrong with the entry."""
        return self.fields.get("message")

    def job(self) -> Job:
        """The job as if it had not been tried.

        Raises:
            KeyError, ValueError: it is none.
        """
        job = Job.from_fields(dict(self.fields), lane=Lane(self.fields["lane"]), entry_id="")
        job.tries = 0
        return job


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which letters are meant; None is as good as any."""

    fetcher: Fetcher | None = None
    lane: Lane | None = None
    reason: str | None = None

    def has(self, letter: Letter) -> bool:
        """Whether a letter is among them."""
        fetcher, lane = letter.place
        pairs = ((self.fetcher, fetcher), (self.lane, lane), (self.reason, letter.reason))
        return all(wanted is None or wanted == found for wanted, found in pairs)


ANY = Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Redriven:
    """What came of putting letters back."""

    back: list[str] = field(default_factory=list)
    """The ids of those that will be tried again."""
    refused: dict[str, str] = field(default_factory=dict)
    """Why the others are not, by their ids."""


class Letters:
    """All dead letters."""

    def __init__(self, redis: Redis, crawls: Crawls) -> None:
        self._redis = redis
        self._crawls = crawls

    async def counts(self) -> Counter[tuple[str, str]]:
        """How many there are of each fetcher and lane."""
        return Counter([letter.place async for letter in self.all()])

    async def newest(self, wanted: Wanted, *, limit: int) -> list[Letter]:
        """The letters that are wanted, newest first."""
        found: list[Letter] = []
        async for letter in self.all(wanted):
            found.append(letter)
            if len(found) == limit:
                break
        return found

    async def all(self, wanted: Wanted = ANY) -> AsyncIterator[Letter]:
        """Every letter that is wanted, newest first."""
        last = "+"
        while True:
            entries: Any = await self._redis.xrevrange(DEAD_LETTERS, max=last, count=_AT_ONCE)
            for entry_id, fields in entries:
                letter = Letter(id=entry_id, fields=fields)
                if wanted.has(letter):
                    yield letter
            if len(entries) < _AT_ONCE:
                return
            last = f"({entries[-1][0]}"

    async def named(self, ids: Sequence[str]) -> list[Letter]:
        """The letters with these ids; those that are not there any more are left out."""
        pipeline = self._redis.pipeline(transaction=False)
        for one in ids:
            pipeline.xrange(DEAD_LETTERS, min=one, max=one)
        found = await pipeline.execute()
        return [Letter(id=entry_id, fields=fields) for one in found for entry_id, fields in one]

    async def redrive(self, letters: Sequence[Letter]) -> Redriven:
        """Have jobs that were given up tried again, with all their tries.

        A job goes back on its stream, once, whoever else does the same meanwhile. What belongs to a
        crawl is tried again as a target of that crawl, so that it has an outcome there.
        """
        redriven = Redriven()
        jobs: dict[str, Job] = {}
        by_crawl: dict[str, list[str]] = defaultdict(list)
        for letter in letters:
            try:
                jobs[letter.id] = letter.job()
            except (KeyError, ValueError) as error:
                redriven.refused[letter.id] = f"the entry is no job: {error!r}"
                continue
            by_crawl[letter.run or ""].append(letter.id)
        for crawl, ids in by_crawl.items():
            of_crawl = {one: jobs[one] for one in ids}
            if not crawl or not await self._retried(crawl, of_crawl, redriven):
                await self._put_back(of_crawl, redriven)
        return redriven

    async def _retried(self, crawl: str, jobs: Mapping[str, Job], redriven: Redriven) -> bool:
        """Retry targets of a crawl; False when there is no such crawl."""
        try:
            await self._crawls.retry(crawl, keys={job.target.key for job in jobs.values()})
        except UnknownCrawlError:
            return False
        except CrawlStateError as error:
            redriven.refused.update(dict.fromkeys(jobs, str(error)))
        else:
            await self._redis.xdel(DEAD_LETTERS, *jobs)
            redriven.back.extend(jobs)
        return True

    async def _put_back(self, jobs: Mapping[str, Job], redriven: Redriven) -> None:
        calls: list[Call] = [
            (_redrive, [DEAD_LETTERS, stream_of(job)], [letter_id, *flat(job.to_fields())])
            for letter_id, job in jobs.items()
        ]
        for start in range(0, len(calls), _AT_ONCE):
            answers = await call_all(self._redis, calls[start : start + _AT_ONCE])
            ids = list(jobs)[start : start + _AT_ONCE]
            for letter_id, answer in zip(ids, answers, strict=True):
                if isinstance(answer, Exception):
                    raise answer
                if answer:
                    redriven.back.append(letter_id)
                else:
                    redriven.refused[letter_id] = "another has put it back already"
