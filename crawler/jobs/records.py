"""What travels on the queue: a job, and the outcome that ends it."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from time import time

import orjson

from crawler.errors import Reason
from crawler.jobs.lists import Bounds, ListEnd, StopReason
from crawler.jobs.underway import Underway
from crawler.links import Target, TargetType


class Lane(StrEnum):
    """The two lanes of the queue: bulk never delays on-demand."""

    DEMAND = "demand"
    BULK = "bulk"


class Fetcher(StrEnum):
    """What fetches the pages of a job; each kind of worker takes the jobs of one."""

    HTTP = "http"
    BROWSER = "browser"


_NO_BOUNDS = Bounds()
_random = random.Random()  # noqa: S311 - ids are no secrets


def new_id(prefix: str) -> str:
    """Mint an id such as ``job_5f0c…`` with 80 random bits; it can be guessed."""
    return f"{prefix}_{_random.getrandbits(80):020x}"


@dataclass(slots=True, kw_only=True)
class Job:
    """One target to crawl, as it stands on the queue."""

    target: Target
    lane: Lane
    id: str = field(default_factory=lambda: new_id("job"))
    run: str | None = None
    """The run whose outcomes are collected; None for an on-demand job."""
    account: str | None = None
    """The account whose month pays for each delivered item; None when nobody's does."""
    bounds: Bounds = _NO_BOUNDS
    """How far its list is to be crawled; of no meaning for a post."""
    in_browser: bool = False
    """Whether its plain page is tried in a browser, after a wall that a browser may pass."""
    post_id: str | None = None
    """The post that its short link has led to, when a browser is to begin there."""
    tries: int = 0
    """How often the job has failed before this delivery."""
    asked_at: float = field(default_factory=time)
    """Unix seconds at which it was asked for."""
    traceparent: str = ""
    """The span that asked for it, as W3C writes it; empty when its request is not traced."""
    entry_id: str = ""
    """The stream entry that holds it while it is with a worker."""
    underway: Underway | None = field(default=None, compare=False, repr=False)
    """The items of its list that are in this worker's pipelines; None before the first one."""
    counted: Counter[str] = field(default_factory=Counter, compare=False, repr=False)
    """What was counted for it, this time and before, by the names of Scrapy's stats."""

    @property
    def is_of_crawl(self) -> bool:
        """Whether it is an attempt at a target of a crawl, whose id it bears."""
        return self.run is not None and self.id.startswith(f"{self.run}:")

    @property
    def fetcher(self) -> Fetcher:
        """What fetches its pages: a list has to be scrolled."""
        return Fetcher.BROWSER if self.in_browser or self.target.type.is_list else Fetcher.HTTP

    @property
    def begins_at(self) -> Target:
        """The target whose page is asked for first."""
        if self.post_id is None:
            return self.target
        return Target(type=TargetType.VIDEO, value=self.post_id)

    def item_enters(self) -> None:
        """Count an item of its list into the pipelines."""
        if self.underway is None:
            self.underway = Underway()
        self.underway.enter()

    def to_fields(self) -> dict[str, str]:
        """The job as fields of a stream entry."""
        fields = {
            "id": self.id,
            "type": self.target.type.value,
            "value": self.target.value,
            "tries": str(self.tries),
            "asked_at": repr(self.asked_at),
        }
        if self.target.username:
            fields["username"] = self.target.username
        if self.run:
            fields["run"] = self.run
        if self.account:
            fields["account"] = self.account
        if self.bounds != _NO_BOUNDS:
            fields["bounds"] = orjson.dumps(self.bounds).decode()
        if self.in_browser:
            fields["in_browser"] = "1"
        if self.post_id:
            fields["post_id"] = self.post_id
        if self.traceparent:
            fields["traceparent"] = self.traceparent
        if self.counted and self.is_of_crawl:
            fields["counted"] = orjson.dumps(self.counted).decode()
        return fields

    @classmethod
    def from_fields(cls, fields: dict[str, str], *, lane: Lane, entry_id: str) -> Job:
        """Read a job back from a stream entry.

        Raises:
            KeyError, ValueError: the entry was not written by :meth:`to_fields`.
        """
        return cls(
            target=Target(
                type=TargetType(fields["type"]),
                value=fields["value"],
                username=fields.get("username"),
            ),
            lane=lane,
            id=fields["id"],
            run=fields.get("run"),
            account=fields.get("account"),
            bounds=Bounds(**orjson.loads(fields["bounds"])) if "bounds" in fields else _NO_BOUNDS,
            in_browser="in_browser" in fields,
            post_id=fields.get("post_id"),
            tries=int(fields.get("tries", "0")),
            asked_at=float(fields["asked_at"]),
            traceparent=fields.get("traceparent", ""),
            entry_id=entry_id,
            counted=Counter(orjson.loads(fields.get("counted", "{}"))),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a target ended: the video that was stored, or the reason that there is none."""

    key: str
    """The target's key, such as ``video:7106594312292453675`` or ``short:ZMexample``."""
    video_id: str | None = None
    """The post that the target led to, when it is known."""
    item_id: str | None = None
    """The user, hashtag or sound that the target's page showed."""
    reason: Reason | None = None
    """None when the post is stored."""
    upstream_code: int | None = None
    """TikTok's own status code, for logs and job records."""
    upstream_message: str | None = None
    retry_after_s: int | None = None
    """How long to wait before asking again, when TikTok or the back-off says so."""
    end: ListEnd | None = None
    """How a list ended; None for a post, and for a list of which nothing came."""

    @classmethod
    def from_json(cls, text: str) -> Outcome:
        """Read an outcome as :meth:`to_json` wrote it."""
        fields = orjson.loads(text)
        if fields["reason"] is not None:
            fields["reason"] = Reason(fields["reason"])
        if (end := fields.get("end")) is not None:
            fields["end"] = ListEnd(**end | {"stop_reason": StopReason(end["stop_reason"])})
        return cls(**fields)

    def to_json(self) -> str:
        """The outcome as it travels."""
        return orjson.dumps(self).decode()

    def saying(self, code: int, message: str) -> Outcome:
        """The same outcome with what TikTok said itself."""
        return replace(self, upstream_code=code or None, upstream_message=message or None)

    @property
    def is_absence(self) -> bool:
        """Whether it is known which post it was, and that it is not to be seen."""
        has_gone = self.reason is not None and self.reason.policy.status == 404
        return has_gone and self.video_id is not None

    @property
    def counted_as(self) -> str:
        """What the health of the crawl counts it as.

        ``served`` is a page that said what it knows, an absence included; ``refused`` a page that
        stood where content should be; ``failed`` no page at all.
        """
        if self.reason is None or self.reason.policy.status != 503:
            return "served"
        return "refused" if self.reason.policy.is_wall else "failed"
