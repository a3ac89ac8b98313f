from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.jobs.schedules.timetable import (
    LONGEST_EVERY_S,
    SHORTHANDS,
    Cron,
    Every,
    TimetableError,
    read_cron,
    read_every,
    read_zone,
)

if TYPE_CHECKING:
    from crawler.jobs.schedules.timetable import Timetable

NEW_YORK = "America/New_York"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def times(timetable: Timetable, after: str, count: int, zone: str = NEW_YORK) -> list[str]:
    """The next times, as that zone's clocks show them."""
    found, moment = [], at(after)
    for _ in range(count):
        moment = timetable.next(moment)
        assert moment.tzinfo is UTC
        found.append(moment.astimezone(read_zone(zone)).isoformat(" ", "minutes"))
    return found


def test_a_cron_expression_is_due_by_the_clocks_of_its_zone() -> None:
    cron = read_cron("30 6 * * MON-FRI", "Europe/Berlin")
    assert times(cron, "2026-01-02T06:00:00Z", 2, "Europe/Berlin") == [
        "2026-01-05 06:30+01:00",
        "2026-01-06 06:30+01:00",
    ]


def test_a_time_that_is_left_out_in_spring_is_due_right_after_the_gap() -> None:
    cron = read_cron("30 2 * * *", NEW_YORK)
    assert times(cron, "2026-03-07T12:00:00-05:00", 2) == [
        "2026-03-08 03:00-04:00",
        "2026-03-09 02:30-04:00",
    ]


def test_a_time_in_the_gap_and_one_at_its_end_are_due_once() -> None:
    cron = read_cron("0 2,3 * * *", NEW_YORK)
    assert times(cron, "2026-03-07T12:00:00-05:00", 2) == [
        "2026-03-08 03:00-04:00",
        "2026-03-09 02:00-04:00",
    ]


def test_a_midnight_that_is_left_out_is_due_at_one() -> None:
    cron = read_cron("@daily", "Africa/Cairo")
    assert times(cron, "2025-04-24T12:00:00+02:00", 2, "Africa/Cairo") == [
        "2025-04-25 01:00+03:00",
        "2025-04-26 00:00+03:00",
    ]


def test_a_time_that_comes_twice_in_autumn_is_due_once() -> None:
    cron = read_cron("30 1 * * *", NEW_YORK)
    assert times(cron, "2026-10-31T12:00:00-04:00", 2) == [
        "2026-11-01 01:30-04:00",
        "2026-11-02 01:30-05:00",
    ]


@pytest.mark.parametrize("after", ["2026-11-01T01:15:00-05:00", "2026-11-01T01:30:00-05:00"])
def test_nothing_is_due_in_the_past_when_one_asks_within_the_second_hour(after: str) -> None:
    cron = read_cron("30 1 * * *", NEW_YORK)
    assert times(cron, after, 1) == ["2026-11-02 01:30-05:00"]


def test_what_is_due_all_the_time_goes_on_through_both_hours() -> None:
    cron = read_cron("*/30 * * * *", NEW_YORK)
    assert times(cron, "2026-11-01T00:45:00-04:00", 5) == [
        "2026-11-01 01:00-04:00",
        "2026-11-01 01:30-04:00",
        "2026-11-01 01:00-05:00",
        "2026-11-01 01:30-05:00",
        "2026-11-01 02:00-05:00",
    ]
    assert times(cron, "2026-03-08T01:15:00-05:00", 3) == [
        "2026-03-08 01:30-05:00",
        "2026-03-08 03:00-04:00",
        "2026-03-08 03:30-04:00",
    ]


def test_seconds_of_the_moment_make_no_difference_to_the_minute() -> None:
    cron = read_cron("* * * * *", "UTC")
    assert cron.next(at("2026-01-01T10:00:59.999999Z")) == at("2026-01-01T10:01:00Z")
    assert cron.next(at("2026-01-01T10:01:00Z")) == at("2026-01-01T10:02:00Z")


@pytest.mark.parametrize("name", SHORTHANDS)
def test_a_shorthand_is_read(name: str) -> None:
    assert read_cron(name, "UTC").expression == SHORTHANDS[name]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "five fields"),
        ("* * * *", "five fields"),
        ("*/10 * * * * *", "five fields"),
        ("@often", "five fields"),
        ("*" * 101, "five fields"),
        ("60 * * * *", "minute"),
        ("0 25 * * *", "hour"),
        ("0 0 32 * *", "day-of-month"),
        ("0 0 * 13 *", "month"),
        ("0 0 * * XYZ", "day-of-week"),
        ("0 0 30 2 *", "day-of-month"),
        ("0 0 * * 1L/2", "day-of-week"),
        ("0 0 L,1/2/3 * 1#1/3", "cannot be read"),
    ],
)
def test_what_is_no_cron_expression_is_refused_with_words(expression: str, said: str) -> None:
    with pytest.raises(TimetableError, match=said) as refused:
        read_cron(expression, "UTC")
    assert refused.value.field == "cron"


@pytest.mark.parametrize(
    "name",
    ["", "Berlin", "../etc/passwd", "/etc/localtime", "Europe", "right/UTC", "localtime", "A\0B"],
)
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(TimetableError, match="Europe/Berlin") as refused:
        read_cron("@daily", name)
    assert refused.value.field == "timezone"


def test_every_so_many_seconds_is_counted_from_its_beginning() -> None:
    every = read_every(90, NOON, least_s=60)
    assert every.next(NOON) == NOON + timedelta(seconds=90)
    assert every.next(NOON + timedelta(seconds=90)) == NOON + timedelta(seconds=180)
    assert every.next(NOON + timedelta(seconds=179.5)) == NOON + timedelta(seconds=180)


@pytest.mark.parametrize("every_s", [59, 0, -60, LONGEST_EVERY_S + 1])
def test_too_often_and_too_seldom_are_refused(every_s: int) -> None:
    with pytest.raises(TimetableError, match="from 60 to"):
        read_every(every_s, NOON, least_s=60)


ZONES = st.sampled_from([NEW_YORK, "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"])
CRONS = st.sampled_from(
    ["* * * * *", "*/20 * * * *", "30 1 * * *", "30 2 * * *", "0 1-3 * * *", "0 0 1 * *"]
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))
# Half of all tries lie around a change of clocks.
CHANGES = st.sampled_from(
    ["2026-03-08T07:00Z", "2026-11-01T06:00Z", "2026-03-29T01:00Z", "2026-10-25T01:00Z"]
)
NEAR = st.builds(
    lambda change, minutes: at(change) + timedelta(minutes=minutes),
    CHANGES,
    st.integers(-180, 180),
)


@settings(max_examples=150)
@given(
    expression=CRONS,
    zone=ZONES,
    start=MOMENTS | NEAR,
    length=st.integers(0, 300) | st.integers(0, 10_000),
)
def test_the_latest_time_is_the_last_of_all_that_have_come(
    expression: str, zone: str, start: datetime, length: int
) -> None:
    cron = Cron(expression, read_zone(zone))
    due = cron.next(start)
    now = due + timedelta(minutes=length) / (20 if expression.startswith("*") else 1)
    come = [due]
    while (following := cron.next(come[-1])) <= now:
        come.append(following)
    assert all(one < other for one, other in pairwise(come))
    assert cron.latest(due, now) == come[-1]


@given(every_s=st.integers(1, 10_000), passed_s=st.floats(0, 100_000))
def test_the_latest_of_so_many_seconds_is_less_than_one_round_ago(
    every_s: int, passed_s: float
) -> None:
    every, now = Every(every_s, NOON), NOON + timedelta(seconds=passed_s)
    latest = every.latest(NOON, now)
    assert latest <= now < latest + timedelta(seconds=every_s)
    assert (latest - NOON) % timedelta(seconds=every_s) == timedelta()
    assert every.next(now) == latest + timedelta(seconds=every_s)
