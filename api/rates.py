"""How an account stands with its rate and its month, as headers of each answer."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from multidict import istr

from settings.plans import PLANS

if TYPE_CHECKING:
    from multidict import CIMultiDict

    from api.calls import Call, Standing
    from settings.plans import PlanName

# Names that the headers need not fold anew for each answer.
LIMIT, REMAINING = istr("X-RateLimit-Limit"), istr("X-RateLimit-Remaining")
RESET = istr("X-RateLimit-Reset")
REQUEST_ID = istr("X-Request-ID")
POLICY, RATE_LIMIT = istr("RateLimit-Policy"), istr("RateLimit")


def identify(headers: CIMultiDict[str], call: Call) -> None:
    """Write under which id a call is known, and how its account stands where that is known."""
    headers[REQUEST_ID] = call.id
    if call.standing is not None:
        label(headers, call.standing)


def label(headers: CIMultiDict[str], standing: Standing) -> None:
    """Write the headers that are widely read, and those of the IETF's draft beside them."""
    headers[LIMIT] = str(standing.limit)
    headers[REMAINING] = str(standing.remaining)
    headers[RESET] = str(standing.reset_at)
    headers[POLICY] = _policy(standing.plan, standing.limit)
    headers.setdefault(RATE_LIMIT, rate_limit(standing))


def rate_limit(standing: Standing) -> str:
    """What is left, by draft-ietf-httpapi-ratelimit-headers-11; the month is last."""
    return (
        f'"minute";r={standing.remaining};t={standing.reset_after_s},'
        f' "month";r={standing.requests_remaining}'
    )


@lru_cache(maxsize=64)
def _policy(plan: PlanName, limit: int) -> str:
    return f'"minute";q={limit};w=60, "month";q={PLANS[plan].requests_per_month}'
