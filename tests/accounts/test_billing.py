from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.billing import period_of

moments = st.datetimes(
    min_value=datetime(2020, 1, 1),
    max_value=datetime(2040, 1, 1),
    timezones=st.just(UTC),
)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("created", "now", "start", "end"),
    [
        ("2026-01-15T10:30", "2026-01-20", "2026-01-15", "2026-02-15"),
        ("2026-01-15T10:30", "2026-02-14T23:59", "2026-01-15", "2026-02-15"),
        ("2026-01-15T10:30", "2026-02-15", "2026-02-15", "2026-03-15"),
        ("2026-01-31", "2026-02-10", "2026-01-31", "2026-02-28"),
        ("2026-01-31", "2026-03-01", "2026-02-28", "2026-03-31"),
        ("2026-01-31", "2026-03-31", "2026-03-31", "2026-04-30"),
        ("2028-02-29", "2029-02-28", "2029-02-28", "2029-03-29"),
        ("2026-12-05", "2026-12-31", "2026-12-05", "2027-01-05"),
        ("2026-01-15T10:30", "2026-01-15T02:00", "2026-01-15", "2026-02-15"),
    ],
)
def test_a_period_begins_on_the_day_the_account_was_made(
    created: str, now: str, start: str, end: str
) -> None:
    assert period_of(day(created), now=day(now)) == (day(start), day(end))


@given(created=moments, later=st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_every_moment_lies_in_exactly_one_period(created: datetime, later: timedelta) -> None:
    now = created + later

    start, end = period_of(created, now=now)

    assert start <= now < end
    assert timedelta(days=28) <= end - start <= timedelta(days=31)
    assert period_of(created, now=end)[0] == end
    assert period_of(created, now=end - timedelta(microseconds=1)) == (start, end)
