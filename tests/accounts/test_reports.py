from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from accounts.folding import Event
from accounts.reports import Reports
from accounts.usage import STREAM, Drainer
from accounts.windows import Period

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.accounts import Account
    from tests.accounts.conftest import Desk

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MADE = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)


@pytest.fixture
async def account(desk: Desk) -> Account:
    """An account that was made seven weeks before now."""
    made, _ = await desk.caller()
    await desk.database.accounts.update_one({"_id": made.id}, {"$set": {"created_at": MADE}})
    return await desk.accounts.find(made.id)


@pytest.fixture
def reports(desk: Desk) -> Reports:
    return Reports(desk.usage, desk.database)


def asked(account: Account, at: datetime, video_id: str = "71", **changes: Any) -> Event:
    event = Event(account.id, int(at.timestamp() * 1000), 200, 1, 0, 100, video_id, "key_1")
    return event._replace(**changes)


async def happen(desk: Desk, events: Iterable[Event]) -> None:
    pipeline = desk.redis.pipeline()
    for event in events:
        pipeline.xadd(STREAM, {"event": " ".join(map(str, event))})
    await pipeline.execute()


async def test_an_account_that_never_called_has_zeros(account: Account, reports: Reports) -> None:
    spent = await reports.spent(account, now=NOW)
    report = await reports.report(account, Period.WEEK, now=NOW)

    assert (spent.charged, spent.last_request_at) == (0, None)
    assert report.days == [(f"2026-11-{day}", 0) for day in range(17, 24)]
    assert (set(report.counts.values()), report.top) == ({0}, [])


async def test_periods_count_their_days(desk: Desk, account: Account, reports: Reports) -> None:
    for days, count in ((0, 1), (6, 2), (7, 4), (18, 8), (19, 16), (48, 32)):
        await happen(desk, [asked(account, NOW - timedelta(days=days))] * count)

    counted = {
        period: (await reports.report(account, period, now=NOW)).counts["total"]
        for period in Period
    }

    assert counted == {
        Period.TODAY: 1,
        Period.WEEK: 3,
        # 5 November, when the period began, is 18 days ago.
        Period.MONTH: 15,
        Period.ALL: 63,
    }
    assert (await reports.spent(account, now=NOW)).charged == 15


@pytest.mark.parametrize("state", ["waiting", "drained", "compacted"])
async def test_a_report_is_the_same_wherever_events_are(
    state: str, desk: Desk, account: Account, reports: Reports
) -> None:
    await happen(
        desk,
        [
            asked(account, NOW - timedelta(minutes=3), cached=1, elapsed_ms=0),
            asked(account, NOW - timedelta(minutes=2), status=404, video_id="72"),
            asked(account, NOW - timedelta(minutes=1), status=503, charged=0, video_id=""),
            asked(account, NOW, status=400, charged=0, video_id=""),
        ],
    )
    drainer = Drainer(desk.redis, desk.database)
    if state != "waiting":
        await drainer.drain()
    if state == "compacted":
        assert await drainer.compact() == 1
        assert await desk.database.usage_news.count_documents({}) == 0

    report = await reports.report(account, Period.MONTH, now=NOW)
    spent = await reports.spent(account, now=NOW)

    assert report.counts == {
        "total": 3,
        "successful": 1,
        "failed": 2,
        "cached": 1,
        "charged": 2,
        "items": 0,
        "elapsed_ms": 200,
    }
    assert [(one.video_id, one.requests) for one in report.top] == [("72", 1), ("71", 1)]
    assert (spent.charged, spent.last_request_at) == (2, NOW)


async def test_the_top_is_exact_while_some_is_counted_some_noted_and_some_waits(
    desk: Desk, account: Account, reports: Reports
) -> None:
    chance, drainer = random.Random(3), Drainer(desk.redis, desk.database)
    truth: dict[Period, Counter[str]] = {period: Counter() for period in Period}
    for step in ("compact", "compact", "drain", "drain", "wait"):
        events = [
            asked(
                account,
                NOW - timedelta(days=chance.choice((0, 0, 1, 3, 9, 30))),
                str(int(chance.expovariate(0.02))),
            )
            for _ in range(400)
        ]
        for event in events:
            age = (NOW - event.moment).days
            for period, days in ((Period.TODAY, 0), (Period.WEEK, 6), (Period.MONTH, 18)):
                truth[period][event.video_id] += age <= days
            truth[Period.ALL][event.video_id] += 1
        await happen(desk, events)
        if step != "wait":
            await drainer.drain()
        if step == "compact":
            await drainer.compact()

    for period in Period:
        top = (await reports.report(account, period, now=NOW)).top
        assert len(top) == 10
        counts = [one.requests for one in top]
        assert counts == sorted(truth[period].values(), reverse=True)[:10]
        assert all(truth[period][one.video_id] == one.requests for one in top)


async def test_ties_go_to_the_video_asked_for_last(
    desk: Desk, account: Account, reports: Reports
) -> None:
    await happen(desk, [asked(account, NOW - timedelta(seconds=30 - n), str(n)) for n in range(30)])
    await Drainer(desk.redis, desk.database).drain()
    await Drainer(desk.redis, desk.database).compact()

    top = (await reports.report(account, Period.TODAY, now=NOW)).top

    assert [one.video_id for one in top] == [str(n) for n in range(29, 19, -1)]


async def test_reports_agree_and_never_go_back_while_events_move(
    desk: Desk, account: Account, reports: Reports
) -> None:
    drainer, is_over = Drainer(desk.redis, desk.database), asyncio.Event()
    now, told = datetime.now(UTC), 0

    async def move() -> None:
        while not is_over.is_set():
            await drainer.drain()
            await drainer.compact()

    moving = [asyncio.create_task(move()) for _ in range(2)]
    try:
        for number in range(1, 61):
            await happen(desk, [asked(account, now) for _ in range(25)])
            spent, report = await asyncio.gather(
                reports.spent(account, now=now), reports.report(account, Period.MONTH, now=now)
            )
            told = 25 * number
            assert spent.charged == report.counts["total"] == report.top[0].requests == told
    finally:
        is_over.set()
        await asyncio.gather(*moving)
    assert told == 1500


async def test_several_compactors_at_once_count_each_note_once(
    desk: Desk, account: Account
) -> None:
    drainer = Drainer(desk.redis, desk.database)
    for number in range(10):
        await happen(desk, [asked(account, NOW, str(number * 10 + n)) for n in range(30)])
        await drainer.drain()

    await asyncio.gather(*(Drainer(desk.redis, desk.database).compact() for _ in range(4)))
    await drainer.compact()

    videos = await desk.database.usage_videos.find({"window": "all"}).to_list()
    assert sum(video["requests"] for video in videos) == 300
    assert await desk.database.usage_news.count_documents({}) == 0


async def test_keys_and_accounts_remember_when_they_were_last_used(desk: Desk) -> None:
    account, digest = await desk.caller()
    admission = await desk.admit(digest, cost=1, request_id="req_1")
    await desk.settle(admission, "req_1", status=400)
    (_, event) = (await desk.usage.waiting_of(account.id))[0]
    drainer = Drainer(desk.redis, desk.database)
    await drainer.drain()
    await drainer.compact()

    key = await desk.database.keys.find_one({"_id": admission.key_id})
    stored = await desk.database.accounts.find_one({"_id": account.id})

    assert key is not None
    assert stored is not None
    assert key["account_id"] == account.id
    used_at = event.moment.replace(microsecond=0)
    assert key["last_used_at"] == stored["last_request_at"] == used_at


async def test_a_week_counts_every_day_of_a_video_that_is_foremost_on_one(
    desk: Desk, account: Account, reports: Reports
) -> None:
    """Its other days are found by its id, however many were asked for more often on them."""
    events = [
        asked(account, NOW - timedelta(days=day), f"{day}-{number}")
        for day in range(7)
        for number in range(60)
        for _ in range(2)
    ]
    events += [asked(account, NOW - timedelta(days=3), "71") for _ in range(3)]
    events += [asked(account, NOW - timedelta(days=day), "71") for day in (0, 1, 2, 4, 5, 6)]
    await happen(desk, events)
    await Drainer(desk.redis, desk.database).drain()
    await Drainer(desk.redis, desk.database).compact()

    top = (await reports.report(account, Period.WEEK, now=NOW)).top

    assert (top[0].video_id, top[0].requests) == ("71", 9)
    assert [one.requests for one in top[1:]] == [2] * 9
