"""Whether any sixty seconds hold more calls than a plan allows, over several API processes."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic, time
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientSession, ClientTimeout

from accounts.accounts import Accounts
from accounts.collections import prepare
from accounts.keys import Keys
from crawler.jobs import answers
from pipelines.publish import fields_of
from services.scripts import call_all
from settings.plans import PLANS, PlanName
from tests.api.conftest import EXTRACT, LINK, VIDEO_ID, a_video
from tests.processes import Serving

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

pytestmark = [pytest.mark.drill, pytest.mark.alone]

PROCESSES = 4
WINDOW_S = 60.0
LASTS_S = 76.0
CLIENTS = {PlanName.FREE: 6, PlanName.BASIC: 10, PlanName.PRO: 20}


@dataclass
class Caller:
    """An account whose clients call as they like."""

    account_id: str
    key: str
    plan: PlanName
    admitted: list[tuple[float, float]] = field(default_factory=list)
    """When each was sent and when its answer was there."""
    refused: int = 0
    by_redis: set[int] = field(default_factory=set)
    """The moments of admitted calls (us) that Redis counted."""

    @property
    def limit(self) -> int:
        return PLANS[self.plan].requests_per_minute


async def make(database: AsyncDatabase[Document], plan: PlanName, name: str) -> Caller:
    account = await Accounts(database).create(f"{name}@example.com", plan)
    _, key = await Keys(database).issue(account.id)
    return Caller(account.id, key, plan)


async def ask(session: ClientSession, address: str, caller: Caller) -> int:
    """One call; answers how long to wait, 0 when it was admitted."""
    sent = monotonic()
    async with session.post(
        address + EXTRACT, json={"url": LINK}, headers={"X-API-Key": caller.key}
    ) as answer:
        body: dict[str, Any] = await answer.json()
    assert int(answer.headers["X-RateLimit-Limit"]) == caller.limit
    remaining = int(answer.headers["X-RateLimit-Remaining"])
    reset_at = int(answer.headers["X-RateLimit-Reset"])
    assert -1 <= reset_at - time() <= WINDOW_S + 2
    if answer.status == 200:
        caller.admitted.append((sent, monotonic()))
        assert 0 <= remaining < caller.limit
        return 0
    caller.refused += 1
    assert (answer.status, body["error"]) == (429, "Rate limit exceeded")
    assert remaining == 0
    assert answer.headers["Retry-After"] == str(body["retry_after"])
    assert 1 <= body["retry_after"] <= WINDOW_S + 1
    assert datetime.fromisoformat(body["reset_at"]) == datetime.fromtimestamp(reset_at, UTC)
    return int(body["retry_after"])


async def call_at_random(
    session: ClientSession, apis: Sequence[Serving], caller: Caller, *, seed: int
) -> None:
    """Bursts and pauses; now and then as long a pause as was told."""
    chance, ends_at = random.Random(seed), monotonic() + LASTS_S
    while monotonic() < ends_at:
        wait_s = 0
        for _ in range(chance.choice((1, 1, 1, 2, 8))):
            wait_s = await ask(session, chance.choice(apis).address, caller)
        pause_s = chance.expovariate(1 / 4)
        if wait_s and chance.random() < 0.3:
            pause_s = wait_s + chance.uniform(-1.5, 0)
        await asyncio.sleep(max(0, min(pause_s, ends_at - monotonic())))


async def wait_as_told(session: ClientSession, apis: Sequence[Serving], caller: Caller) -> int:
    """Spend the minute at once and over some seconds; answers how often waiting paid."""
    paid, ends_at = 0, monotonic() + LASTS_S
    while monotonic() < ends_at:
        wait_s = await ask(session, random.choice(apis).address, caller)
        if wait_s and monotonic() + wait_s > ends_at:
            break
        if wait_s:
            await asyncio.sleep(wait_s)
            assert await ask(session, random.choice(apis).address, caller) == 0
            paid += 1
        await asyncio.sleep(0.5)
    return paid


async def listen(redis: Redis, callers: Sequence[Caller]) -> None:
    """Note every moment that Redis counts, while it does."""
    ends_at = monotonic() + LASTS_S + 2
    while monotonic() < ends_at:
        for caller in callers:
            moments: Any = await redis.lrange(f"rate:{caller.account_id}", 0, -1)
            caller.by_redis.update(map(int, moments))
        await asyncio.sleep(5)


def assert_no_window_is_too_full(caller: Caller) -> None:
    moments = sorted(caller.by_redis)
    assert len(moments) == len(caller.admitted)
    window_us = WINDOW_S * 1_000_000
    for first, next_over in zip(moments, moments[caller.limit :], strict=False):
        assert next_over - first > window_us
    # What clients saw: a call surely lies in a window when it was sent and answered in it.
    for start, _ in caller.admitted:
        surely = [1 for sent, there in caller.admitted if start <= sent <= there <= start + 60]
        assert len(surely) <= caller.limit


async def test_no_sixty_seconds_hold_more_than_the_plan_allows(
    mongodb_uri: str,
    redis_url: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    tmp_path: Path,
) -> None:
    await prepare(database)
    callers = [await make(database, plan, plan.value) for plan in CLIENTS]
    patient = await make(database, PlanName.FREE, "patient")
    entry = answers.Entry(video_id=VIDEO_ID, fields=fields_of(a_video()), ttl_s=600)
    await call_all(redis_client, [answers.put(entry)])
    apis = [
        Serving.start(mongodb_uri=mongodb_uri, redis_url=redis_url, folder=tmp_path)
        for _ in range(PROCESSES)
    ]
    try:
        async with ClientSession(timeout=ClientTimeout(total=20)) as session:
            for api in apis:
                await api.until_healthy(session)
            waiting = asyncio.create_task(wait_as_told(session, apis, patient))
            await asyncio.gather(
                listen(redis_client, [*callers, patient]),
                *(
                    call_at_random(session, apis, caller, seed=seed)
                    for caller in callers
                    for seed in range(CLIENTS[caller.plan])
                ),
            )
            paid = await waiting
    finally:
        for api in apis:
            api.kill()

    assert paid >= 1
    for caller in [*callers, patient]:
        assert_no_window_is_too_full(caller)
        assert caller.refused > 0
        assert len(caller.admitted) > caller.limit
