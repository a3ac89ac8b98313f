"""Errors as callers see them: one table of problems, one shape for all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crawler.errors import Reason
from crawler.links import EXPECTED_FORM

if TYPE_CHECKING:
    from collections.abc import Mapping

SOON_S = 5
"""How long to wait when the next try may succeed at once."""
WALL_S = 60
"""How long to wait when TikTok refuses."""
HOPELESS_S = 3600
"""How long to wait when the same question will hardly have another answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One kind of error."""

    status: int
    error: str
    """The words that clients compare."""
    detail: str
    """What is wrong, for a reader; the usual text where it varies."""
    example: Mapping[str, Any] = field(default_factory=dict)
    """Further keys of the body, as documentation shows them."""
    is_charged: bool = False
    """Whether it is an answer like the one that was asked for, and charged like it."""


UNAUTHORIZED = Problem(status=401, error="Unauthorized", detail="The X-API-Key header is missing")
INVALID_KEY = Problem(
    status=401, error="Invalid API Key", detail="The API key provided is invalid or expired"
)
EXPIRED_KEY = Problem(
    status=401, error="Expired API key", detail="The API key provided has expired"
)
SUSPENDED = Problem(
    status=403, error="Account suspended", detail="The account of this API key is suspended"
)
FORBIDDEN = Problem(
    status=403,
    error="Forbidden",
    detail="The API key does not allow requests from this address",
)
METRICS_REFUSED = Problem(
    status=403,
    error="Forbidden",
    detail="Metrics are shown only to networks that METRICS_ALLOW_NETWORKS names",
)
NO_COUNTRY = Problem(
    status=403,
    error="Country detection not available",
    detail="Country detection requires Pro or Business plan",
    example={"current_plan": "basic", "upgrade_url": "https://example.com/upgrade"},
)
NO_EXPORTS = Problem(
    status=403,
    error="Exports not available",
    detail="Exports of the whole store require Business plan",
    example={"current_plan": "pro", "upgrade_url": "https://example.com/upgrade"},
)
LINK_REFUSED = Problem(
    status=403, error="Link not valid", detail="The link's signature is not valid"
)
TOO_MANY_STREAMS = Problem(
    status=429,
    error="Too many streams",
    detail="Maximum 8 streams at once for Basic plan",
    example={"retry_after": 5, "reset_at": "2024-01-01T10:01:00Z"},
)
OUT_OF_RANGE = Problem(
    status=416, error="Range not satisfiable", detail="The file has no such part"
)
INVALID_URL = Problem(
    status=400,
    error="Invalid TikTok URL",
    detail=f"Expected a link to a TikTok video such as {EXPECTED_FORM}",
    example={"requests_remaining": 949},
)
MISSING_PARAMETER = Problem(
    status=400,
    error="Missing parameter",
    detail="The parameter 'url' is required",
    example={"requests_remaining": 949},
)
INVALID_PARAMETER = Problem(
    status=400,
    error="Invalid parameter",
    detail="The parameter 'extract_metadata' must be true or false",
    example={"requests_remaining": 949},
)
VIDEO_NOT_FOUND = Problem(
    status=404,
    error="Video not found",
    detail="The video may have been deleted or is private",
    is_charged=True,
    example={
        "reason": Reason.VIDEO_DELETED.value,
        "retryable": False,
        "requests_remaining": 948,
    },
)
USER_NOT_FOUND = Problem(
    status=404,
    error="User not found",
    detail="There is no such user, or what was asked for is private",
    is_charged=True,
    example={"reason": Reason.USER_NOT_FOUND.value, "retryable": False, "requests_remaining": 948},
)
HASHTAG_NOT_FOUND = Problem(
    status=404,
    error="Hashtag not found",
    detail="TikTok knows no such hashtag",
    is_charged=True,
    example={"reason": Reason.NOT_FOUND.value, "retryable": False, "requests_remaining": 948},
)
MUSIC_NOT_FOUND = Problem(
    status=404,
    error="Music not found",
    detail="TikTok knows no such sound, or has taken it away",
    is_charged=True,
    example={"reason": Reason.NOT_FOUND.value, "retryable": False, "requests_remaining": 948},
)
KEY_NOT_FOUND = Problem(
    status=404, error="Key not found", detail="The account has no key with this id"
)
KEY_CONFLICT = Problem(
    status=409, error="Key not usable", detail="The key was revoked, expired or rotated before"
)
TOO_MANY_KEYS = Problem(
    status=409,
    error="Too many keys",
    detail="The account has as many keys as it may have: revoke one that is not used",
)
LOCKED_OUT = Problem(
    status=409,
    error="Key would lock you out",
    detail="The list must include the address that you call from, or be set with another key",
)
NO_TOKEN = Problem(
    status=401, error="Unauthorized", detail="The header 'Authorization: Bearer …' is missing"
)
WRONG_TOKEN = Problem(
    status=401, error="Invalid admin token", detail="This is not the administration's token"
)
ACCOUNT_NOT_FOUND = Problem(
    status=404, error="Account not found", detail="There is no account with this id or address"
)
ACCOUNT_EXISTS = Problem(
    status=409, error="Account exists", detail="There is an account with this address already"
)
CRAWL_NOT_FOUND = Problem(
    status=404, error="Crawl not found", detail="The account has no crawl with this id"
)
CRAWL_CONFLICT = Problem(
    status=409,
    error="Retry not possible",
    detail="The crawl is running: it can be retried at its end",
)
SCHEDULE_NOT_FOUND = Problem(
    status=404, error="Schedule not found", detail="The account has no schedule with this id"
)
SCHEDULE_BUSY = Problem(
    status=409,
    error="Schedule busy",
    detail="The crawl of the run before has not ended: crawl_5f0c1d2e3a4b5c6d7e8f",
)
TOO_MANY_SCHEDULES = Problem(
    status=409,
    error="Too many schedules",
    detail="The account has 10 schedules, and may have 10",
)
DELIVERY_NOT_FOUND = Problem(
    status=404, error="Delivery not found", detail="The crawl has no delivery with this id"
)
WEBHOOK_ENDPOINT_NOT_FOUND = Problem(
    status=404,
    error="Webhook endpoint not found",
    detail="The account's webhooks have no endpoint with this id",
)
SECRET_CONFLICT = Problem(
    status=409,
    error="Secret not usable",
    detail="The secret before signs until 2024-01-15T10:30:00Z: wait, or send 'overlap_s': 0 to end"
    " all but the new one at once",
)
DELIVERY_CONFLICT = Problem(
    status=409,
    error="Delivery not possible",
    detail="The delivery is being sent at this moment",
)
ENDPOINT_NOT_FOUND = Problem(
    status=404, error="Endpoint not found", detail="There is nothing at this path"
)
WRONG_METHOD = Problem(
    status=405,
    error="Endpoint not found",
    detail="This path has another method; the Allow header names it",
)
TOO_LARGE = Problem(
    status=413,
    error="Payload too large",
    detail="The body is larger than any valid request",
    example={"requests_remaining": 949},
)
UNDER_WAY = Problem(
    status=409,
    error="Request in progress",
    detail="The request with this Idempotency-Key is being worked on: ask again in a moment",
    example={"retry_after": 1},
)
KEY_REUSED = Problem(
    status=422,
    error="Idempotency key reused",
    detail="This Idempotency-Key was sent with another request: send a new one with each request",
)
RATE_EXCEEDED = Problem(
    status=429,
    error="Rate limit exceeded",
    detail="Maximum 30 requests per minute for Basic plan",
    example={"retry_after": 45, "reset_at": "2024-01-01T10:01:00Z"},
)
MONTH_SPENT = Problem(
    status=429,
    error="Monthly quota exceeded",
    detail="Maximum 1000 requests per month for Basic plan",
    example={"retry_after": 86400, "reset_at": "2024-02-01T00:00:00Z"},
)
OUR_FAULT = Problem(
    status=500,
    error="Internal server error",
    detail="Something went wrong on our side; the log knows this request by its id",
    example={"request_id": "req_5f0c1d2e3a4b5c6d7e8f"},
)
UNAVAILABLE = Problem(
    status=503,
    error="Service unavailable",
    detail="TikTok did not answer in time; the crawl goes on, ask again",
    example={"reason": Reason.TIMEOUT.value, "retryable": True},
)
NOT_READY = Problem(
    status=503,
    error="Not ready",
    detail="This process is about to end: send requests elsewhere",
    example={"reason": "draining"},
)

OF_KEYS = (
    *(UNAUTHORIZED, INVALID_KEY, EXPIRED_KEY, SUSPENDED, FORBIDDEN),
    *(RATE_EXCEEDED, OUR_FAULT, UNAVAILABLE),
)
"""What any endpoint that needs a key may answer."""
OF_BODIES = (INVALID_PARAMETER, TOO_LARGE)
"""What an endpoint that takes a body may answer beside what is missing of it."""
OF_EXTRACTIONS = (MISSING_PARAMETER, *OF_BODIES, NO_COUNTRY, MONTH_SPENT, *OF_KEYS)
"""What an endpoint that extracts what a body names may answer."""

_UNAVAILABLE_DETAILS = {
    Reason.TIMEOUT: UNAVAILABLE.detail,
    Reason.UPSTREAM_BLOCKED: "TikTok refuses our requests at the moment",
    Reason.UPSTREAM_ERROR: "TikTok answered with an error",
    Reason.CHALLENGE: "TikTok asks for a browser check instead of showing what was asked for",
    Reason.CAPTCHA: "TikTok asks for a captcha instead of showing what was asked for",
    Reason.LOGIN_REQUIRED: "TikTok shows this only to users who are logged in",
    Reason.REGION_BLOCKED: "TikTok does not show this in our region",
    Reason.STORAGE_UNAVAILABLE: "A database does not answer at the moment",
    Reason.CRAWL_FAILED: "The crawl failed",
    Reason.BROWSER_UNAVAILABLE: "It takes a browser, and none is running at the moment",
    Reason.EMPTY_BODY: "TikTok answered with nothing",
    Reason.CANCELLED: "The crawl was cancelled",
    Reason.QUOTA: "The month was spent before it was crawled",
}


_ABSENT_DETAILS = {
    Reason.NOT_COLLECTED: "This service does not collect what was asked for",
}


class ApiError(Exception):
    """An answer other than the one that was asked for."""

    def __init__(
        self,
        problem: Problem,
        *,
        detail: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(problem.error)
        self.problem = problem
        self.detail = detail or problem.detail
        self.headers = dict(headers or {})
        self.more = more

    @property
    def status(self) -> int:
        """The HTTP status of the answer."""
        return self.problem.status

    @property
    def body(self) -> dict[str, Any]:
        """The answer's body."""
        return {"success": False, "error": self.problem.error, "detail": self.detail, **self.more}


def refusal(
    reason: Reason, *, retry_after_s: int | None = None, absent: Problem = VIDEO_NOT_FOUND
) -> ApiError:
    """The answer to a target that has none; ``absent`` says so of what is not there."""
    policy = reason.policy
    words: dict[str, Any] = {"reason": reason.value, "retryable": policy.retryable}
    if policy.status == 400:
        return ApiError(INVALID_URL, **words)
    if policy.status == 404:
        return ApiError(absent, detail=_ABSENT_DETAILS.get(reason), **words)
    wait_s = retry_after_s or _usual_wait_s(reason)
    detail = _UNAVAILABLE_DETAILS[reason]
    return ApiError(UNAVAILABLE, detail=detail, headers={"Retry-After": str(wait_s)}, **words)


def moment(unix_s: float) -> str:
    """A time as the API writes it, such as ``2024-01-15T10:30:00Z``."""
    return datetime.fromtimestamp(int(unix_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _usual_wait_s(reason: Reason) -> int:
    if not reason.policy.retryable:
        return HOPELESS_S
    return WALL_S if reason.policy.is_wall else SOON_S
