from __future__ import annotations

from datetime import UTC, datetime
from time import time
from typing import TYPE_CHECKING

import pytest

from api.health import judge
from api.parts import HEALTH
from api.version import version
from tests.api.conftest import Api, a_video, put, serving

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from settings.env import Environment


async def test_a_sound_service_says_so_without_a_key(api: Api) -> None:
    answer = await api.call("GET", "/health")

    assert answer.status == 200
    asked_at = datetime.fromisoformat(answer.body.pop("timestamp"))
    assert abs((datetime.now(UTC) - asked_at).total_seconds()) < 5
    assert answer.body == {
        "status": "healthy",
        "version": version(),
        "uptime": 100.0,
        "services": {"mongodb": "healthy", "redis": "healthy", "tiktok_api": "operational"},
    }


@pytest.mark.hasty
@pytest.mark.parametrize(
    ("down", "nowhere", "service"),
    [
        ("redis_url", "redis://127.0.0.1:1", "redis"),
        ("mongodb_uri", "mongodb://127.0.0.1:1/tiktok?directConnection=true", "mongodb"),
    ],
)
async def test_a_database_that_is_down_makes_it_unhealthy(
    environment: Environment, down: str, nowhere: str, service: str
) -> None:
    async with serving(environment.model_copy(update={down: nowhere})) as api:
        answer = await api.call("GET", "/health")

    assert answer.status == 503
    assert answer.body["status"] == "unhealthy"
    assert answer.body["services"].pop("tiktok_api") == "operational"
    assert answer.body["services"].pop(service) == "unhealthy"
    assert list(answer.body["services"].values()) == ["healthy"]
    assert answer.body["uptime"] == 0.0


async def test_tiktok_is_judged_from_recent_crawls_and_changes_no_status(
    api: Api, redis_client: Redis
) -> None:
    minute = int(time()) // 60
    await redis_client.hset(f"crawls:{minute}", mapping={"refused": 2})
    await redis_client.hset(f"crawls:{minute - 1}", mapping={"refused": 1, "failed": 1})
    await redis_client.hset(f"crawls:{minute - 30}", mapping={"served": 1000})

    answer = await api.call("GET", "/health")

    assert answer.status == 200
    assert answer.body["services"]["tiktok_api"] == "down"


@pytest.mark.parametrize(
    ("minutes", "word"),
    [
        ([], "operational"),
        ([{}, {}], "operational"),
        ([{"served": "9", "failed": "1"}], "operational"),
        ([{"served": "3"}, {"refused": "2"}], "degraded"),
        ([{"failed": "2"}], "degraded"),
        ([{"failed": "1"}, {"refused": "2"}], "down"),
    ],
)
def test_crawls_are_judged_in_one_word(minutes: list[dict[str, str]], word: str) -> None:
    assert judge(minutes) == word


@pytest.mark.hasty
async def test_a_process_that_runs_is_alive_whatever_its_databases_do(
    environment: Environment,
) -> None:
    nowhere = {
        "redis_url": "redis://127.0.0.1:1",
        "mongodb_uri": "mongodb://127.0.0.1:1/tiktok?directConnection=true",
    }
    async with serving(environment.model_copy(update=nowhere)) as api:
        answer = await api.call("GET", "/health/live")

    assert (answer.status, answer.body) == (200, {"status": "alive"})


async def test_it_is_ready_while_both_databases_answer(api: Api) -> None:
    answer = await api.call("GET", "/health/ready")

    assert (answer.status, answer.body) == (200, {"status": "ready"})


@pytest.mark.hasty
@pytest.mark.parametrize(
    ("down", "nowhere", "reason"),
    [
        ("redis_url", "redis://127.0.0.1:1", "redis"),
        ("mongodb_uri", "mongodb://127.0.0.1:1/tiktok?directConnection=true", "mongodb"),
    ],
)
async def test_it_is_not_ready_without_a_database_and_says_which(
    environment: Environment, down: str, nowhere: str, reason: str
) -> None:
    async with serving(environment.model_copy(update={down: nowhere})) as api:
        answer = await api.call("GET", "/health/ready")

    assert answer.status == 503
    assert (answer.body["success"], answer.body["error"]) == (False, "Not ready")
    assert answer.body["reason"] == reason


async def test_a_process_that_is_about_to_end_is_alive_and_answers_and_is_not_ready(
    api: Api, key: str, redis_client: Redis
) -> None:
    await put(redis_client, a_video())
    api.app[HEALTH].is_draining = True

    ready = await api.call("GET", "/health/ready")

    assert (ready.status, ready.body["reason"]) == (503, "draining")
    assert (await api.call("GET", "/health/live")).status == 200
    assert (await api.extract(key)).status == 200
