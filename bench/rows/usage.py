"""``GET /user/usage`` for an account with a million requests in the period."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp

from accounts.collections import USAGE_DAYS, USAGE_VIDEOS
from accounts.keys import digest
from accounts.windows import windows_of
from bench.callers import business_keys
from bench.table import Row, at_most, bound, percentile
from services import mongodb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.asynchronous.database import AsyncDatabase

    from bench.ground import Ground
    from services.mongodb import Document

DAYS = 25
VIDEOS_A_DAY = 10_000
REQUESTS_A_VIDEO = 4
TOTAL = DAYS * VIDEOS_A_DAY * REQUESTS_A_VIDEO
PERIODS = ("today", "week", "month", "all")
_RATE = 480
"""A little less than the largest plan admits in a minute."""
_CHUNK = 20_000


async def measure(ground: Ground, rounds: int) -> list[Row]:
    """A row for each period; the rate of the plan limits how often all are asked for."""
    (key,) = await business_keys(ground, 1)
    async with mongodb.connect(ground.mongodb_uri) as client:
        await _fill(mongodb.database(client, ground.mongodb_uri), digest(key))
    with ground.site() as site:
        async with ground.api(site) as api, aiohttp.ClientSession(api.url) as session:
            times = [
                {period: await _ask(session, key, period, rounds) for period in PERIODS}
                for _ in range(rounds)
            ]
    return [
        bound(
            f"`/user/usage?period={period}` of {TOTAL:,} requests for"
            f" {DAYS * VIDEOS_A_DAY:,} videos, p95",
            [percentile(one[period], 0.95) for one in times],
            limit=at_most(50, " ms"),
        )
        for period in PERIODS
    ]


async def _ask(session: aiohttp.ClientSession, key: str, period: str, rounds: int) -> list[float]:
    """Milliseconds of one caller's requests, one after the other."""
    times = []
    for _ in range(_RATE // len(PERIODS) // rounds):
        began = time.perf_counter()
        path = f"/api/v1/user/usage?period={period}"
        async with session.get(path, headers={"X-API-Key": key}) as answer:
            body = await answer.json()
        times.append(1000 * (time.perf_counter() - began))
        assert answer.status == 200, body
        if period in {"month", "all"}:
            assert body["total_requests"] == TOTAL, body
        assert [video["requests"] for video in body["top_videos"]] == [REQUESTS_A_VIDEO] * 10
    return times


async def _fill(database: AsyncDatabase[Document], key_digest: str) -> None:
    """Give the account a past in which every video was asked for equally often."""
    key = await database.keys.find_one({"digest": key_digest})
    assert key is not None
    now = datetime.now(UTC)
    # So few days lie in one billing period.
    created_at = now - timedelta(days=DAYS - 1)
    await database.accounts.update_one(
        {"_id": key["account_id"]}, {"$set": {"created_at": created_at}}
    )
    for number in range(DAYS):
        at = created_at + timedelta(days=number)
        await database[USAGE_DAYS].insert_one(_day(key["account_id"], f"{at:%Y-%m-%d}", at))
        chunk: list[Document] = []
        for video in _videos(key["account_id"], at, created_at, first=number * VIDEOS_A_DAY):
            chunk.append(video)
            if len(chunk) == _CHUNK:
                await database[USAGE_VIDEOS].insert_many(chunk, ordered=False)
                chunk.clear()
        if chunk:
            await database[USAGE_VIDEOS].insert_many(chunk, ordered=False)


def _day(account_id: str, date: str, at: datetime) -> dict[str, Any]:
    count = VIDEOS_A_DAY * REQUESTS_A_VIDEO
    return {
        "_id": f"{account_id}:{date}",
        "account_id": account_id,
        "date": date,
        **dict.fromkeys(("total", "successful", "cached", "charged", "elapsed_ms"), count),
        "last_request_at": at,
    }


def _videos(
    account_id: str, at: datetime, created_at: datetime, *, first: int
) -> Iterator[Document]:
    for number in range(first, first + VIDEOS_A_DAY):
        video_id = str(7_200_000_000_000_000_000 + number * 7919)
        for window in windows_of(f"{at:%Y-%m-%d}", created_at):
            yield {
                "_id": f"{account_id}:{window}:{video_id}",
                "account_id": account_id,
                "window": window,
                "video_id": video_id,
                "requests": REQUESTS_A_VIDEO,
                "last_requested": at,
            }
