from __future__ import annotations

import asyncio
import re
import signal
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from accounts.accounts import Accounts, Status
from accounts.keys import Keys
from accounts.usage import Drainer
from services import mongodb
from services.mongodb import EmbeddedMongo
from services.redis import EmbeddedValkey
from settings.plans import PLANS, PlanName
from tests.api.conftest import VIDEO_ID, Api, Callers, Worker, a_video, put, serving

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document
    from settings.env import Environment

ME = "/api/v1/user/me"
USAGE = "/api/v1/user/usage"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


async def get(api: Api, key: str, path: str) -> dict[str, Any]:
    answer = await api.call("GET", path, key=key)
    assert answer.status == 200, answer.body
    body: dict[str, Any] = answer.body
    return body


async def test_a_new_account_sees_itself(api: Api, callers: Callers) -> None:
    account, key = await callers.make(PlanName.BASIC)

    body = await get(api, key, ME)

    today = datetime.now(UTC).strftime("%Y-%m-%dT00:00:00Z")
    billing = body.pop("billing")
    assert body == {
        "email": account.email,
        "plan": "basic",
        "status": "active",
        "requests_used": 0,
        "requests_limit": 1000,
        "requests_remaining": 1000,
        "usage_percent": 0.0,
        "rate_limit": "30 per minute",
        "features": {
            "video_extraction": True,
            "metadata_extraction": True,
            "country_detection": False,
            "priority_support": False,
        },
        "created_at": account.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "last_request_at": None,
    }
    assert set(billing) == {"current_period_start", "current_period_end", "next_billing_date"}
    assert billing["current_period_start"] == today
    assert billing["current_period_end"] == billing["next_billing_date"] > today


@pytest.mark.parametrize("plan", PlanName)
async def test_every_plan_sees_what_it_bought(plan: PlanName, api: Api, callers: Callers) -> None:
    _, key = await callers.make(plan)

    body = await get(api, key, ME)

    assert body["requests_limit"] == PLANS[plan].requests_per_month
    assert body["rate_limit"] == f"{PLANS[plan].requests_per_minute} per minute"
    assert body["features"]["country_detection"] is PLANS[plan].country_detection
    assert body["features"]["priority_support"] is PLANS[plan].priority_support


async def test_usage_tells_what_was_answered(
    api: Api, callers: Callers, worker: Worker, redis_client: Redis
) -> None:
    _, key = await callers.make(PlanName.FREE)
    await api.extract(key)
    await put(redis_client, a_video("7106594312292453111"))
    for _ in range(2):
        await api.extract(key, "https://www.tiktok.com/@someone/video/7106594312292453111")
    await api.extract(key, "no link")

    usage, me = await get(api, key, USAGE), await get(api, key, ME)

    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert isinstance(usage.pop("average_response_time_ms"), int)
    last = [video.pop("last_requested") for video in usage["top_videos"]]
    assert all(MOMENT.fullmatch(one) for one in [*last, me["last_request_at"]])
    assert usage == {
        "period": "month",
        "total_requests": 3,
        "successful_requests": 3,
        "failed_requests": 0,
        "cached_requests": 2,
        "cache_hit_rate": 66.7,
        "requests_by_day": [{"date": today, "count": 3}],
        "top_videos": [
            {"video_id": "7106594312292453111", "requests": 2},
            {"video_id": VIDEO_ID, "requests": 1},
        ],
    }
    assert (me["requests_used"], me["requests_remaining"], me["usage_percent"]) == (3, 47, 6.0)


async def test_periods_have_all_their_days(
    api: Api, callers: Callers, database: AsyncDatabase[Document]
) -> None:
    account, key = await callers.make(PlanName.BASIC)
    now = datetime.now(UTC)
    await database.accounts.update_one(
        {"_id": account.id}, {"$set": {"created_at": now - timedelta(days=99)}}
    )

    for period, count in (("today", 1), ("week", 7), ("all", 100)):
        usage = await get(api, key, f"{USAGE}?period={period}")
        days = [day["date"] for day in usage["requests_by_day"]]
        assert usage["period"] == period
        assert days == [f"{now - timedelta(days=ago):%Y-%m-%d}" for ago in reversed(range(count))]

    month = await get(api, key, f"{USAGE}?period=month&more=1")
    start = (await get(api, key, ME))["billing"]["current_period_start"]
    assert month == await get(api, key, USAGE)
    assert month["requests_by_day"][0]["date"] == start[:10]


@pytest.mark.parametrize("period", ["year", "", "Today", "month%00", "%ff", "7"])
async def test_another_period_is_refused_and_counts_towards_the_rate(
    period: str, api: Api, callers: Callers
) -> None:
    _, key = await callers.make(PlanName.FREE)

    answer = await api.call("GET", f"{USAGE}?period={period}", key=key)

    assert answer.status == 400
    assert answer.body == {
        "success": False,
        "error": "Invalid parameter",
        "detail": "The parameter 'period' must be one of today, week, month, all",
        "requests_remaining": 50,
    }
    assert answer.headers["X-RateLimit-Remaining"] == "9"


@pytest.mark.parametrize("path", [ME, USAGE])
async def test_both_count_towards_the_rate_and_cost_nothing(
    path: str, api: Api, callers: Callers
) -> None:
    _, key = await callers.make(PlanName.FREE)

    answers = [await api.call("GET", path, key=key) for _ in range(11)]

    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == [
        *(str(left) for left in range(9, -1, -1)),
        "0",
    ]
    assert answers[-1].status == 429
    assert answers[-1].body["detail"] == "Maximum 10 requests per minute for Free plan"
    assert answers[0].body == answers[9].body


@pytest.mark.parametrize("path", [ME, USAGE])
async def test_a_key_is_needed(path: str, api: Api, callers: Callers) -> None:
    account, key = await callers.make(PlanName.FREE)

    assert (await api.call("GET", path)).body["error"] == "Unauthorized"
    assert (await api.call("GET", path, key="tk_no")).body["error"] == "Invalid API Key"
    await callers.accounts.set_status(account.id, Status.SUSPENDED)
    assert (await api.call("GET", path, key=key)).status == 403


async def test_a_spent_month_can_still_be_looked_at(
    api: Api, callers: Callers, redis_client: Redis
) -> None:
    account, key = await callers.make(PlanName.FREE)
    await api.call("GET", ME, key=key)
    await redis_client.hset(f"month:{account.id}", "charged", "50")

    assert (await api.extract(key)).status == 429
    assert (await api.call("GET", ME, key=key)).status == 200


async def test_sixty_four_clients_at_once_are_counted_exactly(
    api: Api, callers: Callers, redis_client: Redis, database: AsyncDatabase[Document]
) -> None:
    """Rate and month are never passed, and every answer is counted, whatever is drained when."""
    await put(redis_client, a_video())
    accounts = [await callers.make(plan) for plan in PlanName]
    calls = [key for _, key in accounts for _ in range(120)]
    turns, statuses = iter(calls), dict[str, list[int]]()

    async def ask() -> None:
        for key in turns:
            statuses.setdefault(key, []).append((await api.extract(key)).status)

    async with Drainer(redis_client, database).draining(pause_s=0.02):
        await asyncio.gather(*(ask() for _ in range(64)))

    for plan, (account, key) in zip(PlanName, accounts, strict=True):
        answered = statuses[key].count(200)
        assert answered == min(120, PLANS[plan].requests_per_minute)
        assert set(statuses[key]) <= {200, 429}
        assert len(statuses[key]) == 120
        charged = await redis_client.hget(f"month:{account.id}", "charged")
        assert charged == str(answered)
        day = await database.usage_days.find_one({"account_id": account.id})
        assert day is not None
        assert day["charged"] == day["total"] == answered


async def test_a_flood_of_unknown_keys_is_answered_429(api: Api, key: str) -> None:
    answers = await asyncio.gather(
        *(api.call("GET", ME, key=f"tk_guess{number}") for number in range(70))
    )

    refused = [answer for answer in answers if answer.status == 429]
    assert [answer.status for answer in answers].count(401) == 60
    assert len(refused) == 10
    body = dict(refused[0].body)
    assert 0 < body.pop("retry_after") <= 60
    assert MOMENT.fullmatch(body.pop("reset_at"))
    assert body == {
        "success": False,
        "error": "Rate limit exceeded",
        "detail": "Maximum 60 requests with unknown API keys per minute and address",
    }
    assert refused[0].headers["Retry-After"] == str(refused[0].body["retry_after"])
    assert "X-RateLimit-Limit" not in refused[0].headers


@pytest.mark.hasty
@pytest.mark.parametrize("path", [ME, USAGE])
async def test_without_redis_it_is_said_within_a_second_and_passes_by_itself(
    path: str, environment: Environment, callers: Callers, tmp_path: Path
) -> None:
    _, key = await callers.make(PlanName.FREE)
    server = EmbeddedValkey(tmp_path)
    await asyncio.to_thread(server.start)
    try:
        async with serving(environment.model_copy(update={"redis_url": server.url})) as api:
            assert (await api.call("GET", path, key=key)).status == 200
            server.process.send_signal(signal.SIGSTOP)
            async with asyncio.timeout(1.5):
                hung = await api.call("GET", path, key=key)
            server.process.send_signal(signal.SIGCONT)
            await asyncio.to_thread(server.stop)
            async with asyncio.timeout(1.5):
                gone = await api.call("GET", path, key=key)
            await asyncio.to_thread(server.start)
            async with asyncio.timeout(10):
                while (await api.call("GET", path, key=key)).status != 200:
                    await asyncio.sleep(0.1)
        for answer in (hung, gone):
            assert (answer.status, answer.body["reason"]) == (503, "storage_unavailable")
            assert "Retry-After" in answer.headers
    finally:
        await asyncio.to_thread(server.stop)


@pytest.mark.hasty
async def test_a_mongodb_that_hangs_is_said_within_a_second_and_passes_by_itself(
    environment: Environment, tmp_path: Path
) -> None:
    server = EmbeddedMongo(tmp_path, cache_gb=0.25)
    await asyncio.to_thread(server.start)
    try:
        async with mongodb.connect(server.uri) as client:
            database = mongodb.database(client, server.uri)
            callers = Callers(Accounts(database), Keys(database))
            _, key = await callers.make(PlanName.BASIC)
        async with serving(environment.model_copy(update={"mongodb_uri": server.uri})) as api:
            assert (await api.call("GET", ME, key=key)).status == 200
            server.process.send_signal(signal.SIGSTOP)
            async with asyncio.timeout(1.5):
                hung = [await api.call("GET", ME, key=key)]
            async with asyncio.timeout(1.5):
                hung.append(await api.call("GET", USAGE, key=key))
            server.process.send_signal(signal.SIGCONT)
            async with asyncio.timeout(10):
                while (await api.call("GET", ME, key=key)).status != 200:
                    await asyncio.sleep(0.5)
        for answer in hung:
            assert (answer.status, answer.body["reason"]) == (503, "storage_unavailable")
            assert int(answer.headers["X-RateLimit-Remaining"]) < 30
    finally:
        server.process.send_signal(signal.SIGCONT)
        await asyncio.to_thread(server.stop)
