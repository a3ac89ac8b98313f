"""How far the list of a target is to be crawled, and how its crawl ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class StopReason(StrEnum):
    """Why the crawl of a list stopped."""

    END = "end"
    """The list said that it has no more, and scrolling brought nothing new."""
    LIMIT = "limit"
    """The count, the dates or the known items that were asked for are reached."""
    NO_PROGRESS = "no_progress"
    """Page after page came without an item that was not there before."""
    EMPTY_BODY = "empty_body"
    """A response of no bytes, twice: the commonest block of lists."""
    CAPTCHA = "captcha"
    LOGIN_WALL = "login_wall"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    QUOTA = "quota"
    """The account's month is spent."""

    @property
    def is_success(self) -> bool:
        """Whether a target that stopped so has succeeded."""
        return self in {StopReason.END, StopReason.LIMIT, StopReason.NO_PROGRESS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How far a list is to be crawled; all bounds are optional and the first one reached stops."""

    limit: int | None = None
    """The most items to deliver."""
    since: float | None = None
    """Unix seconds: items made earlier are left out, and end a list that is ordered by time."""
    until: float | None = None
    """Unix seconds: items made later are left out."""
    within_s: float | None = None
    """Seconds that the crawl may take."""
    only_new: bool = False
    """Whether to stop where items begin that are stored already."""

    @property
    def is_dated(self) -> bool:
        """Whether items are left out for their dates, wherever in the list they stand."""
        return self.since is not None or self.until is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEnd:
    """How the crawl of a list ended."""

    collected: int
    """Items that were delivered, each once."""
    reported_total: int | None
    """How many there are, as the page says; None when it does not say."""
    complete: bool
    """Whether the list ended by itself with at least as many items as the page had said."""
    stop_reason: StopReason

    def without(self, lost: int) -> ListEnd:
        """The same end when that many of the items could not be delivered after all."""
        if not lost:
            return self
        return replace(self, collected=max(0, self.collected - lost), complete=False)

    @classmethod
    def of(cls, stop_reason: StopReason, *, collected: int, reported_total: int | None) -> ListEnd:
        """An end, with what follows from it."""
        is_whole = reported_total is None or collected >= reported_total
        return cls(
            collected=collected,
            reported_total=reported_total,
            complete=stop_reason is StopReason.END and is_whole,
            stop_reason=stop_reason,
        )
