from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from api.uptime import COLLECTION, Uptime

if TYPE_CHECKING:
    import pytest
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

MINUTE = timedelta(minutes=1)


async def test_a_minute_counts_once_however_many_count_it(
    database: AsyncDatabase[Document],
) -> None:
    now = datetime.now(UTC)
    counters = [Uptime(database[COLLECTION]) for _ in range(3)]

    await asyncio.gather(*(counter.count(now) for counter in counters))
    await counters[0].count(now)

    (day,) = await database[COLLECTION].find().to_list()
    assert day["healthy"] == 1
    assert counters[0].percentage == 100.0


async def test_minutes_that_nobody_counted_were_not_healthy(
    database: AsyncDatabase[Document],
) -> None:
    now = datetime.now(UTC)
    uptime = Uptime(database[COLLECTION])

    for minutes_ago in (3, 2, 0):
        await uptime.count(now - minutes_ago * MINUTE)

    assert uptime.percentage == 75.0


async def test_it_is_the_uptime_since_the_first_start(database: AsyncDatabase[Document]) -> None:
    now = datetime.now(UTC)
    await Uptime(database[COLLECTION]).count(now - timedelta(hours=30))
    later = Uptime(database[COLLECTION])

    await later.count(now)

    assert later.percentage == round(100 * 2 / (30 * 60 + 1), 1)


async def test_days_before_the_last_thirty_are_forgotten(
    database: AsyncDatabase[Document],
) -> None:
    now = datetime.now(UTC)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for days_ago in range(60):
        day = today - timedelta(days=days_ago)
        full = 24 * 60 if days_ago in range(1, 30) else 0
        await database[COLLECTION].insert_one(
            {"_id": day.date().isoformat(), "first": day, "last": day - MINUTE, "healthy": full}
        )
    uptime = Uptime(database[COLLECTION])

    await uptime.count(now)

    minutes_today = (now - today) // MINUTE + 1
    expected = 100 * (29 * 24 * 60 + 1) / (29 * 24 * 60 + minutes_today)
    assert uptime.percentage == round(expected, 1)


async def test_before_the_first_count_nothing_is_claimed(
    database: AsyncDatabase[Document],
) -> None:
    assert Uptime(database[COLLECTION]).percentage == 0.0


async def test_a_minute_that_has_just_begun_is_not_yet_missed(
    database: AsyncDatabase[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 5, 1, 12, 0, 30, tzinfo=UTC)
    uptime = Uptime(database[COLLECTION])
    await uptime.count(now)

    percentages = []
    for seconds in (31, 34, 36):
        monkeypatch.setattr("api.uptime._now", lambda at=seconds: now + timedelta(seconds=at))
        percentages.append(uptime.percentage)

    assert percentages == [100.0, 100.0, 50.0]


async def test_a_process_that_is_started_again_goes_on_where_the_others_are(
    database: AsyncDatabase[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 5, 1, 12, 0, 30, tzinfo=UTC)
    first, second = (Uptime(database[COLLECTION]) for _ in range(2))
    for minute in (0, 1, 4):  # both were down from 12:02 to 12:03
        await asyncio.gather(
            first.count(now + minute * MINUTE), second.count(now + minute * MINUTE)
        )
    monkeypatch.setattr("api.uptime._now", lambda: now + 5 * MINUTE)
    fresh = Uptime(database[COLLECTION])
    await fresh.count(now + 5 * MINUTE)

    assert fresh.percentage == round(100 * 4 / 6, 1)
    assert first.percentage == second.percentage == 50.0  # their own count of 12:05 is to come
