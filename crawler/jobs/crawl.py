"""A crawl: what was asked for at once, how far it is, and what each target came to."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from crawler.errors import Reason
from crawler.items import Kind
from crawler.jobs.lists import Bounds, StopReason
from crawler.jobs.records import Lane
from crawler.links import Target, TargetType

if TYPE_CHECKING:
    from datetime import datetime

    from services.mongodb import Document


class CrawlState(StrEnum):
    """How far a crawl is."""

    QUEUED = "queued"
    """Nothing of it has begun."""
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    """Each target succeeded."""
    PARTIAL = "partial"
    FAILED = "failed"
    """Nothing was delivered, and a target failed."""
    CANCELLED = "cancelled"

    @property
    def is_ended(self) -> bool:
        """Whether nothing more happens, unless somebody asks for another try."""
        return self not in {CrawlState.QUEUED, CrawlState.RUNNING}


class TargetState(StrEnum):
    """How far a target is."""

    WAITING = "waiting"
    """It is not on the queue yet."""
    QUEUED = "queued"
    """It is on the queue or with a worker."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_ended(self) -> bool:
        """Whether it has its outcome."""
        return self not in {TargetState.WAITING, TargetState.QUEUED}


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlOptions:
    """What holds for all targets of a crawl."""

    limit: int | None = None
    """The most items of each list."""
    since: datetime | None = None
    until: datetime | None = None
    within_s: float | None = None
    """Seconds that each list may take."""
    only_new: bool = False
    """Whether a list stops where items begin that are stored already."""
    max_age: int | None = None
    """Seconds: a target stored more recently is delivered without a crawl."""
    labels: tuple[str, ...] = ()
    """Words by which its owner finds it again."""
    webhook: str | None = None
    """The address that is told of its end."""

    @property
    def bounds(self) -> Bounds:
        """How far each list is crawled."""
        return Bounds(
            limit=self.limit,
            since=self.since.timestamp() if self.since else None,
            until=self.until.timestamp() if self.until else None,
            within_s=self.within_s,
            only_new=self.only_new,
        )

    def to_document(self) -> Document:
        """The options as they are stored."""
        return asdict(self) | {"labels": list(self.labels)}

    @classmethod
    def of(cls, document: Document) -> Self:
        """The options as they were stored; what an older version left out is as by default."""
        known = {one.name: document[one.name] for one in fields(cls) if one.name in document}
        return cls(**known | {"labels": tuple(known.get("labels", ()))})


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many targets there are in each state, and how many items were delivered."""

    targets: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    items: int = 0

    @property
    def ended(self) -> int:
        """Targets that have their outcome."""
        return self.succeeded + self.failed + self.cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Crawl:
    """A crawl as it stands in the collection ``crawl_jobs``."""

    id: str
    owner: str | None
    """The account whose it is and whose month pays; None for the operator's, which is free."""
    state: CrawlState
    lane: Lane
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    options: CrawlOptions = field(default_factory=CrawlOptions)
    schedule: str | None = None
    """The schedule that made it."""
    counts: Counts = field(default_factory=Counts)
    stop_reason: str | None = None
    """Why it stopped before all was done: ``cancelled``, ``quota`` or ``errors``."""
    verdicts: dict[str, int] = field(default_factory=dict)
    """How many targets ended in which way: a reason, how a list ended, or ``stored``."""
    stats: dict[str, int] = field(default_factory=dict)
    """What the workers counted for it, by the names of Scrapy's stats."""
    rate: float | None = None
    """Targets ended in a second, lately; None while that is not known."""
    eta_s: int | None = None
    """In how many seconds it ends at this rate."""
    attempts: int = 1
    """How often it was begun: one more with each retry."""
    webhook_state: str | None = None
    """How far the last delivery to its webhook is: ``waiting``, ``delivered``, ``failed`` or
    ``switched_off``; None before its first attempt."""
    coverage: dict[str, float] | None = None
    """The share of delivered posts that have each field; known at the end."""
    falls: tuple[dict[str, Any], ...] = ()
    """Fields that far fewer posts have than in the run before: ``field``, ``was``, ``is``."""

    @classmethod
    def of(cls, document: Document) -> Self:
        """The crawl as it was stored."""
        known = {one.name: document[one.name] for one in fields(cls) if one.name in document}
        return cls(
            **known
            | {
                "id": document["_id"],
                "state": CrawlState(document["state"]),
                "lane": Lane(document["lane"]),
                "options": CrawlOptions.of(document["options"]),
                "counts": Counts(**document["counts"]),
                "falls": tuple(document.get("falls", ())),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlTarget:
    """A target of a crawl as it stands in the collection ``crawl_targets``."""

    id: str
    crawl: str
    number: int
    """Its place among the crawl's targets, from 1."""
    target: Target
    state: TargetState
    reason: Reason | None = None
    """Why it failed or was cancelled."""
    stop_reason: StopReason | None = None
    """How its list ended."""
    collected: int | None = None
    reported_total: int | None = None
    complete: bool | None = None
    video_id: str | None = None
    """The post that it led to."""
    message: str | None = None
    """What TikTok or a failing part said itself."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    attempts: int = 0
    is_cached: bool = False
    """Whether it was delivered from the store, without a crawl."""

    @classmethod
    def of(cls, document: Document) -> Self:
        """The target as it was stored."""
        known = {one.name: document[one.name] for one in fields(cls) if one.name in document}
        reason, stop_reason = document.get("reason"), document.get("stop_reason")
        return cls(
            **known
            | {
                "id": document["_id"],
                "target": Target(
                    type=TargetType(document["type"]),
                    value=document["value"],
                    username=document.get("username"),
                ),
                "state": TargetState(document["state"]),
                "reason": Reason(reason) if reason else None,
                "stop_reason": StopReason(stop_reason) if stop_reason else None,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlItem:
    """An item that a crawl delivered, as it stands in the collection ``crawl_items``."""

    sequence: int
    """Its place among the crawl's items, from 1, without gaps."""
    kind: Kind
    item: str
    """The id of its document."""
    target: int
    """The number of the target that delivered it first."""
    delivered_at: datetime

    @classmethod
    def of(cls, document: Document) -> Self:
        """The item as it was stored."""
        return cls(
            sequence=document["sequence"],
            kind=Kind(document["kind"]),
            item=document["item"],
            target=document["target"],
            delivered_at=document["delivered_at"],
        )


def target_id(crawl_id: str, number: int) -> str:
    """The id of a crawl's target."""
    return f"{crawl_id}:{number:06d}"


def job_id(target: str, attempt: int) -> str:
    """The id of the job that is an attempt at a crawl's target, the same whenever it is fed."""
    return f"{target}.{attempt}"


def read_job_id(job: str) -> tuple[str, int, int] | None:
    """The crawl, the number of the target and the attempt; None for a job of no crawl."""
    target, _, attempt = job.rpartition(".")
    crawl, _, number = target.rpartition(":")
    if not (crawl and number.isdigit() and attempt.isdigit()):
        return None
    return crawl, int(number), int(attempt)


def item_id(crawl_id: str, kind: Kind, item: str) -> str:
    """The id of an item that a crawl delivers."""
    return f"{crawl_id}:{kind.value}:{item}"


def flight_of(target: Target, bounds: Bounds) -> str:
    """What targets have in common that are crawled once: the key, and for a list its bounds."""
    if not target.type.is_list or bounds == Bounds():
        return target.key
    parts = (getattr(bounds, one.name) for one in fields(bounds))
    return f"{target.key} {' '.join(str(part) for part in parts)}"
