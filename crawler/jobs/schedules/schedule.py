"""A schedule: which crawl begins by itself, when, and what its last run came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Self

from crawler.jobs.crawl import CrawlOptions
from crawler.jobs.schedules.timetable import Cron, Every, read_cron, read_every, read_zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.jobs.schedules.timetable import Timetable
    from crawler.links import Target
    from services.mongodb import Document

GRACE_S = 300
"""How late a run may begin and still count as on time, unless something else is asked for."""
LONGEST_GRACE_S = 24 * 3600
LEAST_EVERY_S = 60
"""The shortest time between two runs of an account's schedule."""
LONGEST_NAME = 100
SHOWN_RUNS = 5
"""How many of the next runs are shown."""


class Missed(StrEnum):
    """What becomes of runs that nobody could start in time, such as while all was switched off."""

    RUN_ONCE = "run_once"
    """One run makes up for all of them, as soon as it can."""
    SKIP = "skip"
    """They are left out; the next run is the next one due."""


class ScheduleState(StrEnum):
    """Whether a schedule runs by itself."""

    ACTIVE = "active"
    PAUSED = "paused"


class RunKind(StrEnum):
    """Why a run is there."""

    DUE = "due"
    ASKED = "asked"
    """Somebody wanted it now."""


class RunState(StrEnum):
    """What became of a run."""

    STARTED = "started"
    """It has its crawl."""
    SKIPPED = "skipped"
    """It has none; its reason says why."""
    MISSED = "missed"
    """Nobody could start it in time, and the schedule leaves such runs out."""


class SkipReason(StrEnum):
    """Why a run that was due in time has no crawl."""

    OVERLAP = "overlap"
    """The crawl of the run before had not ended."""
    SUSPENDED = "suspended"
    """The account is suspended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When a schedule is due: by ``cron`` in a time zone, or each ``every_s`` seconds."""

    cron: str | None = None
    timezone: str = "UTC"
    every_s: int | None = None

    def check(self, *, least_s: int = 1) -> None:
        """See that times can be told from it.

        Raises:
            TimetableError: they cannot.
        """
        if self.cron is not None:
            read_cron(self.cron, self.timezone)
        else:
            read_zone(self.timezone)
            read_every(self.every_s or 0, datetime.now(UTC), least_s=least_s)

    def timetable(self, begin: datetime) -> Timetable:
        """The times; ``begin`` is what seconds are counted from."""
        if self.every_s is not None:
            return Every(self.every_s, begin)
        return Cron.of(self.cron or "", self.timezone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a schedule is to be."""

    timing: Timing
    targets: Sequence[Target]
    name: str | None = None
    """What its owner calls it."""
    missed: Missed = Missed.RUN_ONCE
    grace_s: int = GRACE_S
    options: CrawlOptions = field(default_factory=CrawlOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A run that somebody has taken on himself, until its crawl is there.

    It stands in the schedule's own document, so that taking it on and naming the next time is one
    write. Who died over it is followed by another.
    """

    due_at: datetime
    taken_at: datetime
    token: str
    """Whose it is."""
    kind: RunKind = RunKind.DUE
    missed_since: datetime | None = None
    is_missed: bool = False

    @classmethod
    def of(cls, document: Document) -> Self:
        """The run as it was stored."""
        return cls(**document | {"kind": RunKind(document["kind"])})

    def to_document(self) -> Document:
        """The run as it is stored."""
        return {
            "due_at": self.due_at,
            "taken_at": self.taken_at,
            "token": self.token,
            "kind": self.kind.value,
            "missed_since": self.missed_since,
            "is_missed": self.is_missed,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A schedule as it stands in the collection ``schedules``."""

    id: str
    owner: str | None
    """The account whose it is and whose month pays; None for the operator's, which is free."""
    name: str | None
    state: ScheduleState
    timing: Timing
    begin_at: datetime
    """What seconds are counted from."""
    missed: Missed
    grace_s: int
    options: CrawlOptions
    target_count: int
    targets: str
    """The id of the document with its targets; they are not changed but replaced."""
    revision: int
    """One more with each change that its owner makes."""
    created_at: datetime
    next_at: datetime | None
    """None while it is paused."""
    pending: Pending | None = None
    last_crawl: str | None = None
    """The crawl of the last run that had one."""

    @classmethod
    def of(cls, document: Document) -> Self:
        """The schedule as it was stored."""
        pending = document.get("pending")
        return cls(
            id=document["_id"],
            owner=document["owner"],
            name=document["name"],
            state=ScheduleState(document["state"]),
            timing=Timing(
                cron=document["cron"], timezone=document["timezone"], every_s=document["every_s"]
            ),
            begin_at=document["begin_at"],
            missed=Missed(document["missed"]),
            grace_s=document["grace_s"],
            options=CrawlOptions.of(document["options"]),
            target_count=document["target_count"],
            targets=document["targets"],
            revision=document["revision"],
            created_at=document["created_at"],
            next_at=document["next_at"],
            pending=Pending.of(pending) if pending else None,
            last_crawl=document.get("last_crawl"),
        )

    @property
    def timetable(self) -> Timetable:
        """When it is due."""
        return self.timing.timetable(self.begin_at)

    def next_runs(self, count: int = SHOWN_RUNS) -> list[datetime]:
        """When it is due next; nothing while it is paused."""
        if self.next_at is None:
            return []
        found = [self.next_at]
        while len(found) < count:
            found.append(self.timetable.next(found[-1]))
        return found

    def take(self, now: datetime, token: str) -> tuple[Pending, datetime]:
        """The run that is due now, and when the next one is.

        Of several that are due it is the last one; it makes up for all before.
        """
        assert self.next_at is not None  # noqa: S101 - only what is due is taken
        due_at = self.timetable.latest(self.next_at, now)
        is_late = now - due_at > timedelta(seconds=self.grace_s)
        pending = Pending(
            due_at=due_at,
            taken_at=now,
            token=token,
            missed_since=self.next_at if due_at > self.next_at else None,
            is_missed=is_late and self.missed is Missed.SKIP,
        )
        return pending, self.timetable.next(due_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of a schedule as it stands in the collection ``schedule_runs``."""

    id: str
    schedule: str
    due_at: datetime
    begun_at: datetime
    """When somebody saw to it."""
    kind: RunKind
    state: RunState
    reason: SkipReason | None
    crawl: str | None
    missed_since: datetime | None
    """The first of the due times before it that nobody saw to; None when there are none."""
    targets: str
    """The id of the document with what it crawls."""

    @classmethod
    def of(cls, document: Document) -> Self:
        """The run as it was stored."""
        reason = document["reason"]
        return cls(
            id=document["_id"],
            schedule=document["schedule"],
            due_at=document["due_at"],
            begun_at=document["begun_at"],
            kind=RunKind(document["kind"]),
            state=RunState(document["state"]),
            reason=SkipReason(reason) if reason else None,
            crawl=document["crawl"],
            missed_since=document["missed_since"],
            targets=document["targets"],
        )

    def to_document(self) -> dict[str, Any]:
        """The run as it is stored."""
        return {
            "_id": self.id,
            "schedule": self.schedule,
            "due_at": self.due_at,
            "begun_at": self.begun_at,
            "kind": self.kind.value,
            "state": self.state.value,
            "reason": self.reason.value if self.reason else None,
            "crawl": self.crawl,
            "missed_since": self.missed_since,
            "targets": self.targets,
        }


def run_id(schedule_id: str, due_at: datetime) -> str:
    """The id of a run: there is one for each schedule and due time."""
    return f"{schedule_id}:{due_at.astimezone(UTC):%Y%m%dT%H%M%S}.{due_at.microsecond // 1000:03d}Z"


def crawl_id_of(run: str) -> str:
    """The id of a run's crawl, which is the same whoever makes it."""
    return f"crawl_{blake2b(run.encode(), digest_size=10).hexdigest()}"
