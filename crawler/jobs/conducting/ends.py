"""What an outcome makes of a target, and what its targets make of a crawl: pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.errors import Reason
from crawler.items import Kind
from crawler.jobs.conducting.running import STORED
from crawler.jobs.crawl import CrawlState, TargetState
from crawler.jobs.lists import StopReason
from crawler.links import TargetType

if TYPE_CHECKING:
    from crawler.jobs.conducting.running import Running
    from crawler.jobs.records import Outcome
    from crawler.jobs.told import Item
    from crawler.links import Target

CANCELLED = "cancelled"
QUOTA = "quota"
ERRORS = "errors"
LEAST_ENDED = 50
"""How many targets must have ended before a share of errors stops a crawl."""

_KINDS = {
    TargetType.VIDEO: Kind.VIDEO,
    TargetType.SHORT: Kind.VIDEO,
    TargetType.USER_HEADER: Kind.USER,
    TargetType.HASHTAG_HEADER: Kind.HASHTAG,
    TargetType.MUSIC_HEADER: Kind.MUSIC,
}
_REASONS = {
    StopReason.EMPTY_BODY: Reason.EMPTY_BODY,
    StopReason.CAPTCHA: Reason.CAPTCHA,
    StopReason.LOGIN_WALL: Reason.LOGIN_REQUIRED,
    StopReason.TIMEOUT: Reason.TIMEOUT,
    StopReason.CANCELLED: Reason.CANCELLED,
    StopReason.QUOTA: Reason.QUOTA,
}
_STOPPED = {
    CANCELLED: (TargetState.CANCELLED, Reason.CANCELLED),
    QUOTA: (TargetState.FAILED, Reason.QUOTA),
    ERRORS: (TargetState.FAILED, Reason.CANCELLED),
}
"""What becomes of targets that a stop meets: failed ones can be retried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What becomes of a target."""

    state: TargetState
    reason: Reason | None = None
    outcome: Outcome | None = None
    is_cached: bool = False

    @property
    def verdict(self) -> str:
        """The word that it is counted under."""
        if self.reason is not None:
            return self.reason.value
        end = self.outcome.end if self.outcome else None
        return end.stop_reason.value if end else STORED

    @property
    def is_refusal(self) -> bool:
        """Whether it failed otherwise than by not being there."""
        if self.state is not TargetState.FAILED or self.reason is None:
            return False
        return self.reason.policy.status == 503

    @property
    def fields(self) -> dict[str, Any]:
        """What is stored of it."""
        outcome, end = self.outcome, self.outcome.end if self.outcome else None
        stored: dict[str, Any] = {
            "state": self.state.value,
            "reason": self.reason.value if self.reason else None,
        }
        if end is not None:
            stored |= {
                "stop_reason": end.stop_reason.value,
                "collected": end.collected,
                "reported_total": end.reported_total,
                "complete": end.complete,
            }
        if outcome is not None:
            stored |= {"video_id": outcome.video_id, "message": outcome.upstream_message}
        if self.is_cached:
            stored["is_cached"] = True
        return stored


def end_of(outcome: Outcome, *, stop: str | None, is_paid: bool = True) -> End:
    """What an outcome makes of a target, in a crawl that was stopped for ``stop``.

    ``is_paid`` says whether the month was enough for the item that it brought.
    """
    reason = outcome.reason
    if reason is None and outcome.end is not None:
        reason = _REASONS.get(outcome.end.stop_reason)
    if reason is Reason.CANCELLED and stop is not None:
        return stopped(stop, outcome)
    if not is_paid and reason is None:
        reason = Reason.QUOTA
    if reason is None:
        return End(state=TargetState.SUCCEEDED, outcome=outcome)
    state = TargetState.CANCELLED if reason is Reason.CANCELLED else TargetState.FAILED
    return End(state=state, reason=reason, outcome=outcome)


def stopped(stop: str, outcome: Outcome | None = None) -> End:
    """What becomes of a target that a stop meets."""
    state, reason = _STOPPED[stop]
    return End(state=state, reason=reason, outcome=outcome)


def item_of(target: Target, outcome: Outcome) -> Item | None:
    """The item that a target other than a list brought."""
    kind = _KINDS.get(target.type)
    item = outcome.item_id or outcome.video_id
    return (kind, item) if kind and item and outcome.reason is None else None


def is_own(outcome: Outcome) -> bool:
    """Whether an outcome is of one crawl alone, and none for others that asked for the same."""
    stops = {StopReason.CANCELLED, StopReason.QUOTA}
    return outcome.reason in {Reason.CANCELLED, Reason.QUOTA} or (
        outcome.end is not None and outcome.end.stop_reason in stops
    )


def state_of(running: Running) -> CrawlState:
    """The state of a crawl whose targets have all ended."""
    if running.cancelled:
        return CrawlState.CANCELLED
    if not running.failed:
        return CrawlState.SUCCEEDED
    return CrawlState.PARTIAL if running.items else CrawlState.FAILED


def has_too_many_errors(running: Running, share: float) -> bool:
    """Whether it is no use to go on."""
    return running.ended >= LEAST_ENDED and running.refused > share * running.ended
