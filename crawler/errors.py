"""Why a target was refused: the stable words that answers, job records and counters use.

Each :class:`Reason` knows the HTTP status of its answer and whether asking again can help. The
words and statuses restate TikTok's own codes and messages as public crawlers have met them; a new
reason is added here and nowhere else, and is listed in the callers' documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """A stable word for why a target has no answer."""

    VIDEO_DELETED = "video_deleted"
    VIDEO_PRIVATE = "video_private"
    VIDEO_UNAVAILABLE = "video_unavailable"
    USER_NOT_FOUND = "user_not_found"
    ACCOUNT_PRIVATE = "account_private"
    NOT_FOUND = "not_found"
    HIDDEN_BY_OWNER = "hidden_by_owner"
    SHORT_LINK_DEAD = "short_link_dead"
    UNSUPPORTED_URL = "unsupported_url"
    UPSTREAM_BLOCKED = "upstream_blocked"
    UPSTREAM_ERROR = "upstream_error"
    CHALLENGE = "challenge"
    CAPTCHA = "captcha"
    LOGIN_REQUIRED = "login_required"
    REGION_BLOCKED = "region_blocked"
    TIMEOUT = "timeout"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    CRAWL_FAILED = "crawl_failed"
    BROWSER_UNAVAILABLE = "browser_unavailable"
    EMPTY_BODY = "empty_body"
    CANCELLED = "cancelled"
    QUOTA = "quota"
    NOT_COLLECTED = "not_collected"

    @property
    def policy(self) -> Policy:
        """How this reason is answered, cached and tried again."""
        return POLICIES[self]


DAY_S = 24 * 3600
HOUR_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the rest of the system does with a reason."""

    status: int
    """HTTP status of the answer: 400, 404 or 503."""
    retryable: bool
    """Whether the same question may have an answer later."""
    absence_ttl_s: int | None = None
    """How long the absence may be answered from the cache; None for never."""
    tries: int = 1
    """How often a job meets this reason before it is final."""
    is_wall: bool = False
    """Whether the page stood where content should be, so that the egress must slow down."""


POLICIES = {
    Reason.VIDEO_DELETED: Policy(status=404, retryable=False, absence_ttl_s=DAY_S),
    Reason.VIDEO_PRIVATE: Policy(status=404, retryable=False, absence_ttl_s=HOUR_S),
    Reason.VIDEO_UNAVAILABLE: Policy(status=404, retryable=False, absence_ttl_s=HOUR_S),
    Reason.USER_NOT_FOUND: Policy(status=404, retryable=False, absence_ttl_s=DAY_S),
    Reason.ACCOUNT_PRIVATE: Policy(status=404, retryable=False, absence_ttl_s=HOUR_S),
    Reason.NOT_FOUND: Policy(status=404, retryable=False, absence_ttl_s=DAY_S),
    Reason.HIDDEN_BY_OWNER: Policy(status=404, retryable=False, absence_ttl_s=HOUR_S),
    Reason.SHORT_LINK_DEAD: Policy(status=404, retryable=False, absence_ttl_s=DAY_S),
    Reason.UNSUPPORTED_URL: Policy(status=400, retryable=False, absence_ttl_s=DAY_S),
    Reason.UPSTREAM_BLOCKED: Policy(status=503, retryable=True, tries=2, is_wall=True),
    Reason.UPSTREAM_ERROR: Policy(status=503, retryable=True, tries=3),
    Reason.CHALLENGE: Policy(status=503, retryable=True, is_wall=True),
    Reason.CAPTCHA: Policy(status=503, retryable=True, is_wall=True),
    Reason.LOGIN_REQUIRED: Policy(status=503, retryable=False),
    Reason.REGION_BLOCKED: Policy(status=503, retryable=False),
    Reason.TIMEOUT: Policy(status=503, retryable=True, tries=3),
    Reason.STORAGE_UNAVAILABLE: Policy(status=503, retryable=True, tries=3),
    Reason.CRAWL_FAILED: Policy(status=503, retryable=True, tries=3),
    Reason.BROWSER_UNAVAILABLE: Policy(status=503, retryable=True),
    Reason.EMPTY_BODY: Policy(status=503, retryable=True, is_wall=True),
    Reason.CANCELLED: Policy(status=503, retryable=True),
    Reason.QUOTA: Policy(status=503, retryable=True),
    # Kept as an absence it would be a trace of whom nothing is to be kept.
    Reason.NOT_COLLECTED: Policy(status=404, retryable=False),
}
