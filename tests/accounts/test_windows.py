from __future__ import annotations

from datetime import UTC, datetime

import pytest

from accounts.windows import Period, dates_of, windows_for, windows_of

CREATED = datetime(2026, 1, 31, 9, 12, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "first", "count"),
    [
        (Period.TODAY, "2026-03-02", 1),
        (Period.WEEK, "2026-02-24", 7),
        (Period.MONTH, "2026-02-28", 3),
        (Period.ALL, "2026-01-31", 31),
    ],
)
def test_a_period_has_every_day_until_today(period: Period, first: str, count: int) -> None:
    dates = dates_of(period, created_at=CREATED, now=NOW)

    assert (dates[0], dates[-1], len(dates)) == (first, "2026-03-02", count)
    assert dates == sorted(set(dates))


def test_a_day_lies_in_its_billing_period() -> None:
    assert windows_of("2026-02-27", CREATED) == ("day:2026-02-27", "period:2026-01-31", "all")
    assert windows_of("2026-02-28", CREATED) == ("day:2026-02-28", "period:2026-02-28", "all")


def test_periods_are_made_of_windows_that_days_are_counted_in() -> None:
    for period in Period:
        dates = dates_of(period, created_at=CREATED, now=NOW)
        windows = windows_for(period, dates, CREATED)
        counted = [set(windows_of(date, CREATED)) for date in dates]
        assert len(windows) == (7 if period is Period.WEEK else 1)
        assert all(len(of_day & set(windows)) == 1 for of_day in counted)
