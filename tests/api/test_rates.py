from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from settings.plans import PlanName
from tests.api.conftest import a_video, put

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from tests.api.conftest import Answer, Api, Callers, Worker

ONE = re.compile(r'"(?P<name>\w+)";r=(?P<r>\d+)(?:;t=(?P<t>\d+))?')


def left(answer: Answer) -> dict[str, tuple[int, int | None]]:
    """By policy what is left, and after how many seconds there is more."""
    found = [ONE.fullmatch(item) for item in answer.headers["RateLimit"].split(", ")]
    return {
        one["name"]: (int(one["r"]), int(one["t"]) if one["t"] else None) for one in found if one
    }


async def test_minute_and_month_are_said_in_the_words_of_the_draft(
    api: Api, callers: Callers, redis_client: Redis
) -> None:
    await put(redis_client, a_video())
    _, key = await callers.make(PlanName.BASIC)
    await api.extract(key)
    answer = await api.extract(key)

    assert answer.headers["RateLimit-Policy"] == '"minute";q=30;w=60, "month";q=1000'
    minute, month = left(answer)["minute"], left(answer)["month"]
    assert minute[0] == int(answer.headers["X-RateLimit-Remaining"]) == 28
    assert 0 < (minute[1] or 0) <= 61
    assert month == (answer.body["requests_remaining"], None) == (998, None)


async def test_an_answer_with_a_crawl_says_what_is_left_once_it_is_settled(
    api: Api, callers: Callers, worker: Worker
) -> None:
    _, key = await callers.make(PlanName.BASIC)
    answer = await api.extract(key)

    assert answer.body["cached"] is False
    assert left(answer)["month"][0] == answer.body["requests_remaining"] == 999


async def test_over_the_rate_both_headers_say_when_to_come_back(api: Api, callers: Callers) -> None:
    _, key = await callers.make(PlanName.FREE)
    for _ in range(10):
        await api.call("GET", "/api/v1/user/me", key=key)
    answer = await api.call("GET", "/api/v1/user/me", key=key)

    assert answer.status == 429
    assert left(answer)["minute"] == (0, int(answer.headers["Retry-After"]))


async def test_a_spent_month_says_when_the_next_begins(
    api: Api, callers: Callers, redis_client: Redis
) -> None:
    account, key = await callers.make(PlanName.FREE)
    await api.call("GET", "/api/v1/user/me", key=key)
    await redis_client.hset(f"month:{account.id}", "charged", "50")
    answer = await api.extract(key)

    assert answer.body["error"] == "Monthly quota exceeded"
    assert left(answer)["month"] == (0, int(answer.headers["Retry-After"]))
    assert left(answer)["minute"][0] == 9


@pytest.mark.parametrize("key", [None, "tk_unknown"])
async def test_without_a_valid_key_nothing_is_said(api: Api, key: str | None) -> None:
    answer = await api.extract(key)

    assert answer.status == 401
    assert not {"RateLimit", "RateLimit-Policy"} & set(answer.headers)
