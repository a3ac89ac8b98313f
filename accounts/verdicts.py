"""The script's verdicts: how an account stands, and why its call is refused."""

from __future__ import annotations

from math import ceil
from typing import Any, NoReturn

from accounts.errors import (
    AddressRefusedError,
    CountryNotAvailableError,
    ExpiredKeyError,
    MonthSpentError,
    RateExceededError,
    Standing,
    SuspendedError,
)
from settings.plans import PLANS, PlanName

_REFUSALS = {
    "suspended": SuspendedError,
    "address": AddressRefusedError,
    "country": CountryNotAvailableError,
}
_MICRO = 1_000_000


def standing_of(answer: list[Any]) -> dict[str, Any]:
    """The fields of a :class:`Standing`."""
    return {
        "plan": PlanName(answer[2]),
        "limit": answer[3],
        "remaining": answer[4],
        "reset_at": ceil(answer[5] / _MICRO),
        "requests_remaining": answer[6],
    }


def refuse(answer: list[Any]) -> NoReturn:
    """Raise what the verdict means.

    Raises:
        ExpiredKeyError: the key's time is over.
        RefusedError: the key is valid; the subclass says what is wrong.
    """
    verdict = answer[0]
    if verdict == "expired":
        raise ExpiredKeyError
    standing = Standing(**standing_of(answer))
    now_us = answer[7]
    if verdict == "rate":
        raise RateExceededError(
            standing,
            maximum=standing.limit,
            retry_after_s=max(1, ceil((answer[5] - now_us) / _MICRO)),
        )
    if verdict == "month":
        period_end = int(answer[8])
        raise MonthSpentError(
            standing,
            maximum=PLANS[standing.plan].requests_per_month,
            retry_after_s=max(1, ceil(period_end - now_us / _MICRO)),
            period_end=period_end,
        )
    raise _REFUSALS[verdict](standing)
