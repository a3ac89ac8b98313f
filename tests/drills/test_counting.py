"""Whether every answer is counted once when processes are killed and data is lost."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout

from accounts.accounts import Accounts
from accounts.collections import prepare
from accounts.keys import Keys
from accounts.usage import Drainer
from crawler.jobs import answers
from pipelines.publish import fields_of
from services import redis
from services.redis import EmbeddedValkey
from services.scripts import call_all
from settings.plans import PLANS, PlanName
from tests.api.conftest import EXTRACT, a_video
from tests.processes import Serving
from tests.site import Site
from tests.workers import start_worker

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

pytestmark = [pytest.mark.drill, pytest.mark.alone]

CACHED = "7106594312292453675"
FIRST_NEW = 7_300_000_000_000_000_001
CLIENTS = 64
CALLS = 50
ACCOUNTS = 8


@dataclass
class Caller:
    """An account, and what its clients saw."""

    account_id: str
    key: str
    seen: Counter[str] = field(default_factory=Counter)

    @property
    def received(self) -> int:
        return self.seen["200"] + self.seen["404"]

    @property
    def unknown(self) -> int:
        """Calls whose charge nobody was told of."""
        return self.seen["lost"] + self.seen["503"]


async def make_callers(database: AsyncDatabase[Document], plan: PlanName) -> list[Caller]:
    await prepare(database)
    accounts, keys = Accounts(database), Keys(database)
    callers = []
    for number in range(ACCOUNTS):
        account = await accounts.create(f"caller{number}@example.com", plan)
        _, key = await keys.issue(account.id)
        callers.append(Caller(account.id, key))
    return callers


async def fill_cache(cache: Redis) -> None:
    entry = answers.Entry(video_id=CACHED, fields=fields_of(a_video(CACHED)), ttl_s=600)
    await call_all(cache, [answers.put(entry)])


async def call_on(
    session: ClientSession, api: Serving, caller: Caller, *, calls: int, chance: random.Random
) -> None:
    """Call again and again; every tenth call is for a post that is to be crawled."""
    for number in range(calls):
        is_new = number % 10 == 9
        video_id = str(FIRST_NEW + 1000 * chance.randrange(200)) if is_new else CACHED
        link = f"https://www.tiktok.com/@someone/video/{video_id}"
        try:
            async with session.post(
                api.address + EXTRACT, json={"url": link}, headers={"X-API-Key": caller.key}
            ) as answer:
                await answer.read()
                caller.seen[str(answer.status)] += 1
        except (ClientError, OSError):
            caller.seen["lost"] += 1
            await asyncio.sleep(0.2)
        await asyncio.sleep(chance.uniform(0, 0.1))


async def load(session: ClientSession, api: Serving, callers: list[Caller]) -> None:
    chance = random.Random(5)
    await asyncio.gather(
        *(
            call_on(session, api, callers[number % ACCOUNTS], calls=CALLS, chance=chance)
            for number in range(CLIENTS)
        )
    )


async def get(session: ClientSession, api: Serving, caller: Caller, path: str) -> Any:
    async with session.get(
        f"{api.address}/api/v1/user/{path}", headers={"X-API-Key": caller.key}
    ) as answer:
        body = await answer.json()
        assert answer.status == 200, body
        return body


async def assert_counted(
    session: ClientSession,
    api: Serving,
    callers: list[Caller],
    cache: Redis,
    database: AsyncDatabase[Document],
) -> None:
    """What clients received is counted once, by every count there is."""
    drainer = Drainer(cache, database)
    for caller in callers:
        before = await get(session, api, caller, "me"), await get(session, api, caller, "usage")
        await drainer.drain()
        await drainer.compact()
        me, usage = await get(session, api, caller, "me"), await get(session, api, caller, "usage")
        assert (me, usage) == before
        charged = me["requests_used"]
        assert caller.received <= charged <= caller.received + caller.unknown, caller
        assert int(await cache.hget(f"month:{caller.account_id}", "charged") or 0) == charged
        assert usage["successful_requests"] <= charged <= usage["total_requests"]
        assert caller.seen["200"] <= usage["successful_requests"]
        assert sum(day["count"] for day in usage["requests_by_day"]) == usage["total_requests"]
    assert sum(caller.received for caller in callers) > CLIENTS * CALLS / 10
    assert sum(caller.unknown for caller in callers) > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What all of these drills stand on."""

    mongodb_uri: str
    database: AsyncDatabase[Document]
    session: ClientSession
    folder: Path

    def serve(self, redis_url: str) -> Serving:
        return Serving.start(mongodb_uri=self.mongodb_uri, redis_url=redis_url, folder=self.folder)

    def work(self, redis_url: str, site: Site) -> subprocess.Popen[bytes]:
        return start_worker(
            mongodb_uri=self.mongodb_uri,
            redis_url=redis_url,
            site=site.url,
            log=self.folder / "worker.log",
        )


@pytest.fixture
async def ground(
    mongodb_uri: str, database: AsyncDatabase[Document], tmp_path: Path
) -> AsyncIterator[Ground]:
    async with ClientSession(timeout=ClientTimeout(total=15)) as session:
        yield Ground(mongodb_uri=mongodb_uri, database=database, session=session, folder=tmp_path)


async def test_a_killed_api_counts_what_it_answered_once(
    ground: Ground, redis_url: str, redis_client: Redis
) -> None:
    callers = await make_callers(ground.database, PlanName.BUSINESS)
    await fill_cache(redis_client)
    api, session = ground.serve(redis_url), ground.session
    async with Site() as site:
        worker = ground.work(redis_url, site)
        try:
            await api.until_healthy(session)
            loading = asyncio.create_task(load(session, api, callers))
            for _ in range(2):
                await asyncio.sleep(1.3)
                api.kill()
                api.start_again()
            await loading
            await api.until_healthy(session)
            await assert_counted(session, api, callers, redis_client, ground.database)
        finally:
            api.kill()
            worker.kill()
            worker.wait()


async def test_everything_killed_at_once_counts_what_was_answered_once(ground: Ground) -> None:
    valkey = EmbeddedValkey(ground.folder / "valkey")
    valkey.start()
    callers = await make_callers(ground.database, PlanName.BUSINESS)
    api, session = ground.serve(valkey.url), ground.session
    async with Site() as site, redis.connect(valkey.url) as cache:
        worker = ground.work(valkey.url, site)
        await fill_cache(cache)
        try:
            await api.until_healthy(session)
            loading = asyncio.create_task(load(session, api, callers))
            for _ in range(2):
                await asyncio.sleep(1.3)
                for process in (api.process, worker, valkey.process):
                    process.kill()
                for process in (api.process, worker, valkey.process):
                    process.wait()
                valkey.start()
                api.start_again()
                worker = ground.work(valkey.url, site)
            await loading
            await api.until_healthy(session)
            await assert_counted(session, api, callers, cache, ground.database)
        finally:
            api.kill()
            worker.kill()
            worker.wait()
            valkey.stop()


async def test_a_month_is_restored_when_redis_has_lost_everything(
    ground: Ground, redis_url: str, redis_client: Redis
) -> None:
    callers = await make_callers(ground.database, PlanName.BASIC)
    await fill_cache(redis_client)
    api, session = ground.serve(redis_url), ground.session
    try:
        await api.until_healthy(session)
        for caller in callers:
            await call_on(session, api, caller, calls=5, chance=random.Random(1))
        await Drainer(redis_client, ground.database).drain()
        await redis_client.flushall()
        await fill_cache(redis_client)

        for caller in callers:
            assert caller.seen == {"200": 5}
            async with session.post(
                api.address + EXTRACT,
                json={"url": f"https://www.tiktok.com/@someone/video/{CACHED}"},
                headers={"X-API-Key": caller.key},
            ) as answer:
                body = await answer.json()
            limit = PLANS[PlanName.BASIC].requests_per_month
            assert body["requests_remaining"] == limit - 6
            assert (await get(session, api, caller, "me"))["requests_used"] == 6
    finally:
        api.kill()
