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
    b"suspended": SuspendedError,
    b"address": AddressRefusedError,
    b"country": CountryNotAvailableError,
}
_PLANS = {name.encode(): name for name in PlanName}
_MICRO = 1_000_000


def standing_of(answer: list[Any]) -> tuple[PlanName, int, int, int, int, int, int]:
    """The fields of a :class:`Standing`, in its order."""
    _, _, plan, limit, remaining, reset_us, requests_remaining, now_us, *_ = answer
    reset_at, reset_after_s = -(-reset_us // _MICRO), -((now_us - reset_us) // _MICRO)
    return _PLANS[plan], limit, remaining, reset_at, requests_remaining, reset_after_s, now_us


def refuse(answer: list[Any]) -> NoReturn:
    """Raise what the verdict means.

    Raises:
        ExpiredKeyError: the key's time is over.
        RefusedError: the key is valid; the subclass says what is wrong.
    """
    verdict = answer[0]
    if verdict == b"expired":
        raise ExpiredKeyError
    standing = Standing(*standing_of(answer))
    if verdict == b"rate":
        raise RateExceededError(
            standing,
            maximum=standing.limit,
            retry_after_s=max(1, standing.reset_after_s),
        )
    if verdict == b"month":
        period_end = int(answer[8])
        raise MonthSpentError(
            standing,
            maximum=PLANS[standing.plan].requests_per_month,
            retry_after_s=max(1, ceil(period_end - standing.at_us / _MICRO)),
            period_end=period_end,
        )
    raise _REFUSALS[verdict](standing)
