"""A crawl on three machines that share the databases and nothing else, of which one vanishes."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from aiohttp import ClientError, ClientSession
from pymongo.uri_parser import parse_uri

from accounts.accounts import Accounts
from accounts.keys import Keys
from cli.ports import free_port
from crawler.jobs.collections import CRAWL_ITEMS, CRAWL_TARGETS
from crawler.jobs.crawl import Counts, CrawlState
from crawler.jobs.crawls import Crawls
from crawler.jobs.queue import DEAD_LETTERS, STREAMS
from crawler.jobs.workers import Workers
from settings.plans import PlanName
from tests.crawler.jobs.conducting import FIRST, videos
from tests.machines import FIRST_MACHINE, Machine, a_network
from tests.site import Site, post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from crawler.links import Target
    from services.mongodb import Document

pytestmark = [pytest.mark.drill, pytest.mark.allow_hosts(["127.0.0.1", FIRST_MACHINE])]

TARGETS = videos(1000)
LEASE = "lease:conductor"


@dataclass(frozen=True, kw_only=True)
class House:
    """An API on one machine, workers on the two others, and a scheduler on one of these."""

    api: str
    doomed: Machine
    """It has a worker, and the scheduler that conducts the crawl."""
    heir: Machine


@pytest.fixture
async def house(
    mongodb_uri: str, redis_url: str, redis_client: Redis, tmp_path: Path
) -> AsyncIterator[House]:
    async with contextlib.AsyncExitStack() as stack:
        network = stack.enter_context(a_network(tmp_path))
        ((host, port),) = parse_uri(mongodb_uri)["nodelist"]
        mongodb = partial(asyncio.open_connection, host, port)
        socket = unquote(redis_url.removeprefix("unix://"))
        redis = partial(asyncio.open_unix_connection, socket)
        site = await stack.enter_async_context(Site(host=network.center, latency_ms=100))
        doors = [
            await stack.enter_async_context(network.door(opening)) for opening in (mongodb, redis)
        ]
        stack.push_async_callback(network.stop)
        variables = {
            "MONGODB_URI": f"mongodb://{network.center}:{doors[0]}/tiktok?directConnection=true",
            "REDIS_URL": f"redis://{network.center}:{doors[1]}",
            "TIKTOK_URL": site.url,
            "EGRESS_CONCURRENCY": "12",
            "SECRET_KEY": "a secret of tests, long enough",
            "ADMIN_TOKEN": "adm_a-token-of-tests",
        }
        first, doomed, heir = (network.add(name) for name in ("first", "doomed", "heir"))
        port = free_port()
        first.start("serve", API_HOST=first.address, API_PORT=str(port), **variables)
        for machine in (doomed, heir):
            machine.start("worker", **variables)
        doomed.start("scheduler", **variables)
        await until_healthy(f"http://{first.address}:{port}/health")
        # This one stands by, having come later.
        heir.start("scheduler", **variables)
        yield House(api=f"http://{first.address}:{port}", doomed=doomed, heir=heir)


async def until_healthy(address: str) -> None:
    async with ClientSession() as session, asyncio.timeout(30):
        while True:
            with contextlib.suppress(ClientError, OSError):
                async with session.get(address) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.05)


class Caller:
    """Somebody who asks the API for one post after the other."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session
        self.answers: list[int] = []

    @contextlib.asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._ask())
        yield
        self._is_enough = True
        await task

    async def _ask(self) -> None:
        self._is_enough = False
        for number in itertools.count(FIRST + 5000):
            link = f"https://www.tiktok.com/@a/video/{number}"
            async with self._session.post("/api/v1/video/extract", json={"url": link}) as answer:
                self.answers.append(answer.status)
                await answer.read()
            if self._is_enough:
                return
            await asyncio.sleep(1)

    async def crawl(self, targets: list[Target]) -> str:
        """Make a crawl and answer its id."""
        wanted = [{"type": one.type.value, "value": one.value} for one in targets]
        async with self._session.post("/api/v1/crawls", json={"targets": wanted}) as answer:
            assert answer.status == 202, await answer.text()
            crawl_id: str = (await answer.json())["id"]
            return crawl_id

    async def used(self) -> int:
        """How much of the month is spent, as the API says."""
        async with self._session.get("/api/v1/user/me") as answer:
            used: int = (await answer.json())["requests_used"]
            return used


async def test_a_machine_vanishes_in_mid_crawl_and_nothing_is_lost_or_doubled(
    house: House, database: AsyncDatabase[Document], redis_client: Redis
) -> None:
    account = await Accounts(database, redis_client).create("a@example.com", PlanName.PRO)
    _, key = await Keys(database, redis_client).issue(account.id)
    crawls = Crawls(database, redis_client)
    await until_two_machines_work(redis_client)
    async with ClientSession(house.api, headers={"X-API-Key": key}) as session:
        caller = Caller(session)
        async with caller.asking(), asyncio.timeout(50):
            crawl_id = await caller.crawl(TARGETS)
            while (await crawls.get(crawl_id)).counts.succeeded < len(TARGETS) // 4:
                await asyncio.sleep(0.1)
            house.doomed.vanish()
            while not (crawl := await crawls.get(crawl_id)).state.is_ended:
                await asyncio.sleep(0.1)
        assert set(caller.answers) == {200}
        assert await caller.used() == len(TARGETS) + len(caller.answers)

    count = len(TARGETS)
    assert crawl.state is CrawlState.SUCCEEDED
    assert crawl.counts == Counts(targets=count, succeeded=count, items=count)
    assert crawl.verdicts == {"stored": count}
    await assert_each_once(database, crawl.id)
    assert await redis_client.xlen(DEAD_LETTERS) == 0
    assert [await redis_client.xlen(stream) for stream in STREAMS.values()] == [0, 0]


async def until_two_machines_work(redis: Redis) -> None:
    async with asyncio.timeout(30):
        while len((await Workers(redis).read()).workers) < 2 or not await redis.exists(LEASE):
            await asyncio.sleep(0.05)


async def assert_each_once(database: AsyncDatabase[Document], crawl_id: str) -> None:
    """Each target has one outcome, one item, one document and one row of statistics."""
    wanted = Counter(target.value for target in TARGETS)
    outcomes = await database[CRAWL_TARGETS].find({"crawl": crawl_id}).to_list()
    assert Counter(one["video_id"] for one in outcomes) == wanted
    items = await database[CRAWL_ITEMS].find({"crawl": crawl_id}).sort("sequence").to_list()
    assert Counter(one["item"] for one in items) == wanted
    assert [one["sequence"] for one in items] == [*range(1, len(TARGETS) + 1)]
    ids = {"$in": list(wanted)}
    stored = await database.videos.find({"_id": ids}).to_list()
    assert {one["_id"]: one["statistics"]["views"] for one in stored} == {
        video_id: post(video_id).views for video_id in wanted
    }
    rows = await database.video_statistics.find({"meta.video_id": ids}).to_list()
    assert Counter(one["meta"]["video_id"] for one in rows) == wanted
