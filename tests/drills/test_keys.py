"""Changes of keys and accounts, seen by several API processes under load."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession, TCPConnector

from accounts.accounts import Accounts
from accounts.collections import prepare
from accounts.keys import Keys
from services.redis import EmbeddedValkey
from settings.plans import PlanName
from tests.processes import PROJECT, Serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

pytestmark = pytest.mark.drill

ME = "/api/v1/user/me"
EFFECT_S = 1.0


class Watch:
    """Callers of every process, and the last moment at which each answer was seen."""

    def __init__(self, processes: list[Serving], session: ClientSession, key: str) -> None:
        self.last: dict[tuple[int, int], float] = {}
        self._processes = processes
        self._session = session
        self._key = key

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(self._watch(number, process))
            for number, process in enumerate(self._processes)
            for _ in range(2)
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(one, asyncio.CancelledError) for one in ended), ended

    async def _watch(self, number: int, process: Serving) -> None:
        while True:
            asked_at = time.monotonic()
            async with self._session.get(
                process.address + ME, headers={"X-API-Key": self._key}
            ) as answer:
                await answer.read()
                # Unknown keys become too many in time; valid ones have their numbers in headers.
                is_stranger = answer.status == 429 and "X-RateLimit-Limit" not in answer.headers
                # What was asked before a change may be answered as it was then.
                self.last[number, 401 if is_stranger else answer.status] = asked_at
            await asyncio.sleep(0.1)

    async def until_all(self, status: int) -> None:
        async with asyncio.timeout(20):
            while {number for number, seen in self.last if seen == status} != set(
                range(len(self._processes))
            ):
                await asyncio.sleep(0.01)

    def seen_after(self, moment: float) -> set[int]:
        """What was answered to calls that were begun after a moment."""
        return {status for (_, status), at in self.last.items() if at > moment}


@contextlib.asynccontextmanager
async def serving(
    mongodb_uri: str, redis_url: str, folder: Path
) -> AsyncIterator[tuple[list[Serving], ClientSession]]:
    servers = {"mongodb_uri": mongodb_uri, "redis_url": redis_url, "folder": folder}
    processes = [Serving.start(**servers) for _ in range(2)]  # type: ignore[arg-type]
    try:
        async with ClientSession(connector=TCPConnector(limit=0)) as session:
            for process in processes:
                await process.until_healthy(session)
            yield processes, session
    finally:
        for process in processes:
            process.kill()


async def manage(mongodb_uri: str, redis_url: str, folder: Path, *arguments: str) -> int:
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "manage.py", *arguments),
        cwd=PROJECT,
        env=os.environ
        | {"DATA_DIR": str(folder), "MONGODB_URI": mongodb_uri, "REDIS_URL": redis_url},
    )
    return await command.wait()


@pytest.fixture
async def keys(database: AsyncDatabase[Document]) -> Keys:
    await prepare(database)
    return Keys(database)


async def test_a_revocation_is_seen_by_every_process_within_a_second(
    keys: Keys, mongodb_uri: str, redis_url: str, database: AsyncDatabase[Document], tmp_path: Path
) -> None:
    account = await Accounts(database).create("a@example.com", PlanName.BUSINESS)
    key, secret = await keys.issue(account.id)
    async with serving(mongodb_uri, redis_url, tmp_path) as (processes, session):
        watch = Watch(processes, session, secret)
        async with watch.watching():
            await watch.until_all(200)
            code = await manage(mongodb_uri, redis_url, tmp_path, "key", "revoke", key.id)
            done_at = time.monotonic()
            await asyncio.sleep(EFFECT_S + 1)

    assert code == 0
    assert watch.seen_after(done_at) == {401}


async def test_a_revocation_while_redis_is_away_is_seen_within_a_second_of_its_return(
    keys: Keys, mongodb_uri: str, database: AsyncDatabase[Document], tmp_path: Path
) -> None:
    account = await Accounts(database).create("a@example.com", PlanName.BUSINESS)
    key, secret = await keys.issue(account.id)
    server = EmbeddedValkey(tmp_path / "valkey")
    await asyncio.to_thread(server.start)
    try:
        async with serving(mongodb_uri, server.url, tmp_path) as (processes, session):
            watch = Watch(processes, session, secret)
            async with watch.watching():
                await watch.until_all(200)
                await asyncio.to_thread(server.stop)
                code = await manage(mongodb_uri, server.url, tmp_path, "key", "revoke", key.id)
                await asyncio.to_thread(server.start)
                back_at = time.monotonic()
                await watch.until_all(401)
                await asyncio.sleep(1)
    finally:
        await asyncio.to_thread(server.stop)

    assert code == 1
    assert watch.seen_after(back_at + EFFECT_S) == {401}


async def test_a_change_of_plan_in_the_month_is_seen_by_every_process(
    keys: Keys, mongodb_uri: str, redis_url: str, database: AsyncDatabase[Document], tmp_path: Path
) -> None:
    account = await Accounts(database).create("a@example.com", PlanName.PRO)
    _, secret = await keys.issue(account.id)
    async with serving(mongodb_uri, redis_url, tmp_path) as (processes, session):

        async def ask(process: Serving) -> tuple[str, int]:
            async with session.get(process.address + ME, headers={"X-API-Key": secret}) as answer:
                body = await answer.json()
                return answer.headers["X-RateLimit-Limit"], body["requests_used"]

        await database.usage_days.insert_one(
            {
                "_id": f"{account.id}:{account.created_at:%Y-%m-%d}",
                "account_id": account.id,
                "date": f"{account.created_at:%Y-%m-%d}",
                **dict.fromkeys(("total", "successful", "charged"), 7),
                **dict.fromkeys(("failed", "cached", "elapsed_ms"), 0),
                "last_request_at": account.created_at,
            }
        )
        assert [await ask(process) for process in processes] == [("100", 7)] * 2
        for plan, rate in (("business", "500"), ("basic", "30"), ("pro", "100")):
            command = ("account", "set-plan", account.id, plan)
            assert await manage(mongodb_uri, redis_url, tmp_path, *command) == 0
            assert [await ask(process) for process in processes] == [(rate, 7)] * 2
