"""Billing periods: from the day an account was made, each same day of the next months."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime


def period_of(created_at: datetime, *, now: datetime) -> tuple[datetime, datetime]:
    """Start and end of the period that ``now`` lies in; both at midnight UTC.

    A day that a month lacks is that month's last one; the next month has the day again.
    """
    anchor = created_at.astimezone(UTC)
    moment = max(now.astimezone(UTC), _at_midnight(anchor))
    start = _in_month(anchor.day, moment.year, moment.month)
    if start > moment:
        return _in_month(anchor.day, *_before(moment.year, moment.month)), start
    return start, _in_month(anchor.day, *_after(moment.year, moment.month))


def _in_month(day: int, year: int, month: int) -> datetime:
    return datetime(year, month, min(day, calendar.monthrange(year, month)[1]), tzinfo=UTC)


def _before(year: int, month: int) -> tuple[int, int]:
    return (year, month - 1) if month > 1 else (year - 1, 12)


def _after(year: int, month: int) -> tuple[int, int]:
    return (year, month + 1) if month < 12 else (year + 1, 1)


def _at_midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
