"""Crawls that run, as the conductor has them in mind; MongoDB has them as they are."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from crawler.errors import Reason
from crawler.jobs.crawl import Counts, CrawlState, TargetState, target_id

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.jobs.crawl import Crawl, CrawlOptions
    from crawler.jobs.records import Lane
    from crawler.links import Target

LATELY_S = 15.0
STORED = "stored"
"""The verdict of a target whose document is there."""


@dataclass(slots=True, kw_only=True)
class Flying:
    """A target that is on the queue, with a worker, or waits for another that is."""

    crawl: str
    number: int
    target: Target
    attempt: int
    flight: str
    leader: str | None = None
    """The target, perhaps another crawl's, whose outcome and items this one gets as well."""
    since: float = field(default_factory=monotonic)
    is_unpaid: bool = False
    """Whether it brought items for which the month was not enough."""

    @property
    def id(self) -> str:
        """The target's id."""
        return target_id(self.crawl, self.number)


@dataclass(slots=True, kw_only=True)
class Running:
    """A crawl that has not ended."""

    id: str
    owner: str | None
    lane: Lane
    options: CrawlOptions
    schedule: str | None
    targets: int
    started_at: datetime | None
    created_at: datetime
    is_begun: bool = False
    """Whether its record says that it runs."""
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    items: int = 0
    refused: int = 0
    """Failed targets that are not merely absent: what a run stops for."""
    verdicts: Counter[str] = field(default_factory=Counter)
    stats: Counter[str] = field(default_factory=Counter)
    """What workers counted for it."""
    flying: dict[int, Flying] = field(default_factory=dict)
    stop: str | None = None
    """Why no more of it is wanted."""
    stopped_at: float | None = None
    """By the monotonic clock."""
    lately: deque[tuple[float, int]] = field(default_factory=deque)
    told_at: float = 0.0

    @classmethod
    def of(cls, crawl: Crawl) -> Running:
        """A crawl with nothing known of its targets yet."""
        return cls(
            id=crawl.id,
            owner=crawl.owner,
            lane=crawl.lane,
            options=crawl.options,
            schedule=crawl.schedule,
            targets=crawl.counts.targets,
            started_at=crawl.started_at,
            created_at=crawl.created_at,
            items=crawl.counts.items,
            stats=Counter(crawl.stats),
            stop=crawl.stop_reason,
            is_begun=crawl.state is CrawlState.RUNNING,
        )

    @property
    def ended(self) -> int:
        """Targets that have their outcome."""
        return self.succeeded + self.failed + self.cancelled

    @property
    def waiting(self) -> int:
        """Targets that were not fed yet."""
        return self.targets - self.ended - len(self.flying)

    @property
    def counts(self) -> Counts:
        """The counts as they are shown."""
        return Counts(
            targets=self.targets,
            succeeded=self.succeeded,
            failed=self.failed,
            cancelled=self.cancelled,
            items=self.items,
        )

    def count(self, state: TargetState, reason: str | None, stop: str | None, count: int) -> None:
        """Count targets that ended in the same way."""
        if state is TargetState.SUCCEEDED:
            self.succeeded += count
        elif state is TargetState.FAILED:
            self.failed += count
            self.refused += count if reason and Reason(reason).policy.status == 503 else 0
        else:
            self.cancelled += count
        self.verdicts[reason or stop or STORED] += count

    def count_lately(self, ended: int) -> None:
        """Note that so many targets ended now."""
        now = monotonic()
        self.lately.append((now, ended))
        while self.lately and self.lately[0][0] < now - LATELY_S:
            self.lately.popleft()

    @property
    def rate(self) -> float | None:
        """Targets ended in a second, lately; None while that is not known."""
        if len(self.lately) < 2:
            return None
        took_s = monotonic() - self.lately[0][0]
        ended = sum(count for _, count in self.lately) - self.lately[0][1]
        return round(ended / took_s, 2) if took_s > 0 else None

    @property
    def eta_s(self) -> int | None:
        """In how many seconds all targets have ended at this rate."""
        rate = self.rate
        return round((self.targets - self.ended) / rate) if rate else None
