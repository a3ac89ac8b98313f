"""Bringing the roll-ups up to date.

What came since the last time is found by the ids of rows, which tell when they were stored. Of each
post and user that has such a row the days are made anew from that row's on, and of each such day
the sums. So nothing is added to what is there: a run that was interrupted, or that two carry out at
once, leaves what one would have left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from bson import ObjectId

from analysis.rollups.collections import COUNTRY_DAILY, VIDEO_DAILY
from analysis.rollups.progress import Progress
from analysis.rollups.subjects import SUBJECTS, VIDEO_DAYS
from analysis.rollups.sums import SUMS, of_day
from analysis.rollups.writing import write
from pipelines.collections import VIDEOS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

    from pymongo.asynchronous.database import AsyncDatabase

    from analysis.rollups.subjects import Subject
    from services.mongodb import Document

T = TypeVar("T")

OVERLAP = timedelta(seconds=60)
"""How long before the last run rows are taken up again: clocks differ, and a write takes time."""
AT_ONCE = 500
"""How many posts or users are made anew by one question."""
LANES = 2
"""How many questions are asked at once."""
DAY = timedelta(days=1)
_FIRST = datetime(2016, 9, 1, tzinfo=UTC)
"""TikTok's own beginning: no post is older."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How far a run is."""

    what: str
    done: int
    of: int


Tell = Callable[[Step], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolled:
    """What a run has made anew."""

    subjects: dict[str, int]
    """How many posts and users, by their time series."""
    days: int
    """Of how many days the sums."""


async def take_up(database: AsyncDatabase[Document], tell: Tell = lambda step: None) -> Rolled:
    """Take up what was stored since the last time; the first time that is everything.

    A rebuild that was interrupted goes on first.

    Raises:
        PyMongoError: MongoDB does not answer; the next run does what this one has not.
    """
    return await _Run(database, tell).take_up()


async def rebuild(
    database: AsyncDatabase[Document],
    *,
    since: datetime | None = None,
    tell: Tell = lambda step: None,
) -> Rolled:
    """Make all roll-ups anew from a day on, or go on with a rebuild of as much.

    Raises:
        PyMongoError: MongoDB does not answer; the next run goes on where this one ended.
    """
    return await _Run(database, tell).rebuild(_day(since) if since else None)


async def sum_up(database: AsyncDatabase[Document], days: Iterable[datetime]) -> None:
    """Make the sums of some days anew, as after posts have gone.

    Raises:
        PyMongoError: MongoDB does not answer.
    """
    await _Run(database, lambda step: None).sum_up(set(map(_day, days)))


class _Run:
    """One run."""

    def __init__(self, database: AsyncDatabase[Document], tell: Tell) -> None:
        self._database = database
        self._tell = tell
        self._subjects: dict[str, int] = {}

    async def take_up(self) -> Rolled:
        days: set[datetime] = set()
        for subject in SUBJECTS:
            progress = Progress(self._database, subject.series)
            known = await progress.read()
            if known.rebuilding is not None or known.reaches_at is None:
                since = known.rebuilding.since if known.rebuilding else None
                days |= await self._rebuild(subject, progress, since)
                continue
            now = await self._now()
            changed = await self._arrived(subject, known.reaches_at - OVERLAP)
            if subject is VIDEO_DAYS:
                await self.sum_up(changed)
                days |= changed
            await progress.reached(now)
        return Rolled(subjects=self._subjects, days=len(days))

    async def rebuild(self, since: datetime | None) -> Rolled:
        days: set[datetime] = set()
        for subject in SUBJECTS:
            progress = Progress(self._database, subject.series)
            days |= await self._rebuild(subject, progress, since)
        return Rolled(subjects=self._subjects, days=len(days))

    async def _now(self) -> datetime:
        """MongoDB's own time, the one clock of all who roll up."""
        at: datetime = (await self._database.command("hello"))["localTime"]
        return at.replace(tzinfo=UTC)

    async def _arrived(self, subject: Subject, since: datetime) -> set[datetime]:
        """Make the days anew of which rows were stored since then; answers the days of posts."""
        key = f"$meta.{subject.of}"
        came: list[tuple[str, datetime]] = [
            (one["_id"], _day(one["from"]))
            async for one in await self._database[subject.series].aggregate(
                [
                    {"$match": {"_id": {"$gte": ObjectId.from_datetime(since)}}},
                    {"$group": {"_id": key, "from": {"$min": "$observed_at"}}},
                    {"$sort": {"from": 1}},
                ]
            )
        ]
        changed: set[datetime] = set()
        done = 0
        for some in _parts(came, AT_ONCE):
            ids, first = [one for one, _ in some], some[0][1]
            await self._make(subject, ids, first)
            if subject is VIDEO_DAYS:
                changed |= await self._days_of(ids, first)
            done += len(ids)
            self._tell(Step(what=subject.series, done=done, of=len(came)))
        self._subjects[subject.series] = done
        return changed

    async def _rebuild(
        self, subject: Subject, progress: Progress, since: datetime | None
    ) -> set[datetime]:
        known = await progress.read()
        now = await self._now()
        rebuilding = known.rebuilding
        if rebuilding is None or rebuilding.since != since:
            await progress.begin(since, now)
            began_at, after = now, ""
        else:
            began_at, after = rebuilding.began_at, rebuilding.after
        collection = self._database[subject.collection]
        total = await collection.estimated_document_count()
        done = await collection.count_documents({"_id": {"$lte": after}}) if after else 0
        begin = await self._first_kept(subject, since)
        async for ids in self._ids(subject, after):
            parts = [ids[place::LANES] for place in range(LANES)]
            await asyncio.gather(*(self._make(subject, part, begin) for part in parts if part))
            await progress.advance(began_at, ids[-1])
            done += len(ids)
            self._tell(Step(what=subject.series, done=done, of=max(done, total)))
        self._subjects[subject.series] = done
        days: set[datetime] = set()
        if subject is VIDEO_DAYS:
            days = await self._all_days(since)
            await self.sum_up(days)
        await progress.end(began_at, is_whole=since is None)
        return days

    async def _first_kept(self, subject: Subject, since: datetime | None) -> datetime:
        """The first day that can be made anew: of those before it the rows are kept no more."""
        rows = self._database[subject.series].find({}, {"observed_at": 1})
        first = [_day(row["observed_at"]) async for row in rows.sort("observed_at", 1).limit(1)]
        return max([since or _FIRST, *first])

    async def _ids(self, subject: Subject, after: str) -> AsyncIterator[list[str]]:
        collection = self._database[subject.collection]
        while True:
            found = collection.find({"_id": {"$gt": after}}, {"_id": 1}).sort("_id", 1)
            ids = [one["_id"] async for one in found.limit(LANES * AT_ONCE)]
            if not ids:
                return
            yield ids
            after = ids[-1]

    async def _make(self, subject: Subject, ids: Sequence[str], since: datetime | None) -> None:
        """Make the days of some subjects anew; those that are none any more go."""
        stamp = await self._now()
        rows = subject.days(ids, since=since, stamp=stamp)
        old: dict[str, Any] = {subject.of: {"$in": list(ids)}}
        if since is not None:
            old["day"] = {"$gte": since}
        await write(
            self._database, rows, of=subject.series, into=subject.into, old=old, stamp=stamp
        )

    async def _days_of(self, ids: Sequence[str], first: datetime) -> set[datetime]:
        """The days of posts from one on, and those on which the new ones among them were made."""
        found = await self._database[VIDEO_DAILY].aggregate(
            [
                {"$match": {"video_id": {"$in": list(ids)}, "day": {"$gte": first}}},
                {
                    "$group": {
                        "_id": None,
                        "days": {"$addToSet": "$day"},
                        "made": {"$addToSet": {"$cond": ["$first", "$created_at", None]}},
                    }
                },
            ]
        )
        days: set[datetime] = set()
        async for one in found:
            days |= set(one["days"]) | {_day(at) for at in one["made"] if at is not None}
        return days

    async def _all_days(self, since: datetime | None) -> set[datetime]:
        """The days from one on of which there is anything to be summed up, or was."""
        days: set[datetime] = set()
        day = since or _FIRST
        while True:
            begin = f"{day:%Y-%m-%d}"
            made = await self._first(VIDEOS, "created_at", day)
            rows = [await self._first(name, "_id", begin) for name in (VIDEO_DAILY, COUNTRY_DAILY)]
            found = [one["created_at"] for one in made] + [
                one["day"] for row in rows for one in row
            ]
            if not found:
                return days
            days.add(_day(min(found)))
            day = max(days) + DAY

    async def _first(self, name: str, by: str, least: Any) -> list[Document]:
        fields = {by: 1, "day": 1}
        found = self._database[name].find({by: {"$gte": least}}, fields).sort(by, 1)
        return await found.limit(1).to_list()

    async def sum_up(self, days: Iterable[datetime]) -> None:
        ordered = sorted(days)
        done = 0
        for some in _parts(ordered, LANES):
            await asyncio.gather(*map(self._sum_up_day, some))
            done += len(some)
            self._tell(Step(what="days", done=done, of=len(ordered)))

    async def _sum_up_day(self, day: datetime) -> None:
        stamp = await self._now()
        for sums in SUMS:
            rows, old = sums.of(day, stamp=stamp), of_day(day)
            await write(self._database, rows, of=VIDEOS, into=sums.into, old=old, stamp=stamp)


def _day(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _parts(whole: Sequence[T], length: int) -> Iterator[Sequence[T]]:
    return (whole[place : place + length] for place in range(0, len(whole), length))
