"""The windows that requests are counted over for each video: a day, a billing period, all time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from accounts.billing import period_of

if TYPE_CHECKING:
    from collections.abc import Sequence

ALL = "all"
_WEEK = 7


class Period(StrEnum):
    """What usage is asked for; all of them end today."""

    TODAY = "today"
    WEEK = "week"
    MONTH = "month"
    ALL = "all"


def windows_of(date: str, created_at: datetime) -> tuple[str, str, str]:
    """The windows that a day (YYYY-MM-DD) lies in, for an account made then."""
    start, _ = period_of(created_at, now=midnight(date))
    return _day(date), f"period:{start:%Y-%m-%d}", ALL


def dates_of(period: Period, *, created_at: datetime, now: datetime) -> list[str]:
    """The days (UTC) of a period, oldest first."""
    today = now.astimezone(UTC).date()
    first = {
        Period.TODAY: today,
        Period.WEEK: today - timedelta(days=_WEEK - 1),
        Period.MONTH: period_of(created_at, now=now)[0].date(),
        Period.ALL: min(created_at.astimezone(UTC).date(), today),
    }[period]
    return [str(first + timedelta(days=number)) for number in range((today - first).days + 1)]


def windows_for(period: Period, dates: Sequence[str], created_at: datetime) -> list[str]:
    """The windows that make up a period."""
    if period in {Period.TODAY, Period.WEEK}:
        return [_day(date) for date in dates]
    _, month, always = windows_of(dates[-1], created_at)
    return [month if period is Period.MONTH else always]


def midnight(date: str) -> datetime:
    """When a day (YYYY-MM-DD) begins."""
    return datetime.fromisoformat(date).replace(tzinfo=UTC)


def _day(date: str) -> str:
    return f"day:{date}"
