"""Whether what is sent again with its key is done once, when processes are killed at their work."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout

from accounts.accounts import Accounts
from accounts.collections import prepare
from accounts.keys import Keys
from settings.plans import PlanName
from tests.api.conftest import EXTRACT, LINK, a_video, put
from tests.processes import Serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

pytestmark = pytest.mark.drill

TIMEOUT_S = 2
LAPSE_S = TIMEOUT_S + 5


@pytest.fixture
def processes(
    mongodb_uri: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Serving]]:
    monkeypatch.setenv("EXTRACT_TIMEOUT_S", str(TIMEOUT_S))
    started = [
        Serving.start(mongodb_uri=mongodb_uri, redis_url=redis_url, folder=tmp_path)
        for _ in range(2)
    ]
    yield started
    for process in started:
        process.kill()


async def ask(
    session: ClientSession, process: Serving, key: str, once: str
) -> tuple[int, dict[str, Any]]:
    headers = {"X-API-Key": key, "Idempotency-Key": once}
    async with session.post(
        process.address + EXTRACT, json={"url": LINK}, headers=headers
    ) as answer:
        return answer.status, await answer.json()


async def used(session: ClientSession, process: Serving, key: str) -> int:
    async with session.get(
        f"{process.address}/api/v1/user/me", headers={"X-API-Key": key}
    ) as answer:
        return int((await answer.json())["requests_used"])


async def test_one_charge_whoever_asks_and_whoever_dies(
    processes: list[Serving], database: AsyncDatabase[Document], redis_client: Redis
) -> None:
    await prepare(database)
    account = await Accounts(database).create("caller@example.com", PlanName.BUSINESS)
    _, key = await Keys(database).issue(account.id)
    async with ClientSession(timeout=ClientTimeout(total=20)) as session:
        for process in processes:
            await process.until_healthy(session)
        await put(redis_client, a_video())
        asked = await asyncio.gather(
            *(ask(session, processes[number % 2], key, "all at once") for number in range(16))
        )
        done = [body for status, body in asked if status == 200]
        assert {status for status, _ in asked} <= {200, 409}
        assert all(body == done[0] for body in done)
        assert await used(session, processes[0], key) == 1

        await redis_client.delete(*[name async for name in redis_client.scan_iter("video:*")])
        lost = asyncio.create_task(ask(session, processes[0], key, "cut off"))
        while len([name async for name in redis_client.scan_iter("once:*")]) < 2:
            await asyncio.sleep(0.01)
        processes[0].kill()
        with suppress(ClientError):
            await lost
            raise AssertionError("the process answered though it was killed")
        await put(redis_client, a_video())
        assert (await ask(session, processes[1], key, "cut off"))[0] == 409
        await asyncio.sleep(LAPSE_S)
        first = await ask(session, processes[1], key, "cut off")
        again = await ask(session, processes[1], key, "cut off")
        assert first == again
        assert first[0] == 200
        assert await used(session, processes[1], key) == 2
