"""What becomes of a crawl when what works on it is killed or ended in its midst."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from accounts import collections as of_accounts
from accounts.accounts import Accounts
from accounts.charging import Charging
from accounts.collections import USAGE_DAYS
from crawler.jobs.collections import CRAWL_ITEMS, CRAWL_TARGETS, prepare
from crawler.jobs.conducting.state import read_conducting
from crawler.jobs.crawl import Counts, CrawlState, TargetState
from crawler.jobs.crawls import Crawls
from crawler.jobs.told import TOLD
from services import redis
from services.redis import EmbeddedValkey
from settings.plans import PLANS, PlanName
from tests.chromium import in_chromium
from tests.crawler.jobs.conducting import videos
from tests.schedulers import PROJECT, start_scheduler
from tests.site import Site
from tests.workers import start_worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from crawler.jobs.crawl import Crawl
    from services.mongodb import Document

pytestmark = pytest.mark.drill

TARGETS = videos(800)
LEASE = "lease:conductor"
PLAN = PlanName.PRO


@dataclass
class House:
    """A Valkey of the drill's own, two schedulers and two workers."""

    database: AsyncDatabase[Document]
    redis: Redis
    valkey: EmbeddedValkey
    mongodb_uri: str
    site: Site
    folder: Path
    schedulers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def crawls(self) -> Crawls:
        return Crawls(self.database, self.redis)

    def start_scheduler(self) -> None:
        folder = self.folder / f"scheduler-{len(self.schedulers)}"
        folder.mkdir(exist_ok=True)
        scheduler = start_scheduler(
            mongodb_uri=self.mongodb_uri, redis_url=self.valkey.url, folder=folder
        )
        self.schedulers.append(scheduler)

    def start_worker(self) -> None:
        worker = start_worker(
            mongodb_uri=self.mongodb_uri,
            redis_url=self.valkey.url,
            site=self.site.url,
            log=self.folder / "workers.log",
            EGRESS_CONCURRENCY="8",
            # Kills are counted as failed tries.
            JOB_ATTEMPTS="20",
        )
        self.workers.append(worker)

    async def until(self, is_so: Callable[[], Awaitable[object]], within_s: float = 45) -> None:
        async with asyncio.timeout(within_s):
            while not await is_so():
                await asyncio.sleep(0.05)

    async def until_ended(self, crawl: Crawl, *, within_s: float = 45) -> Crawl:
        """The crawl at its end."""

        async def has_ended() -> bool:
            return (await self.crawls.get(crawl.id)).state.is_ended

        await self.until(has_ended, within_s)
        return await self.crawls.get(crawl.id)

    async def until_begun(self, crawl: Crawl, share: float = 0.2) -> None:
        """Wait until a share of the targets has its outcome."""

        async def is_so() -> bool:
            return (await self.crawls.get(crawl.id)).counts.ended >= share * len(TARGETS)

        await self.until(is_so)

    async def assert_each_once(self, ended: Crawl, account_id: str) -> None:
        """Each target has one outcome, one document, one item, and each item cost one request."""
        count = len(TARGETS)
        assert ended.state is CrawlState.SUCCEEDED
        assert ended.counts == Counts(targets=count, succeeded=count, items=count)
        assert ended.verdicts == {"stored": count}
        wanted = Counter(target.value for target in TARGETS)
        outcomes = await self.database[CRAWL_TARGETS].find({"crawl": ended.id}).to_list()
        assert Counter(one["video_id"] for one in outcomes) == wanted
        assert {one["state"] for one in outcomes} == {TargetState.SUCCEEDED.value}
        items = await self.database[CRAWL_ITEMS].find({"crawl": ended.id}).to_list()
        assert Counter(one["item"] for one in items) == wanted
        assert sorted(one["sequence"] for one in items) == [*range(1, count + 1)]
        stored = {one["_id"] async for one in self.database.videos.find({}, {"_id": 1})}
        assert stored == set(wanted)
        # A worker that only stalled may write the row of its heir once more, and nothing else.
        rows = await self.database.video_statistics.find({}, {"_id": 0, "observed_at": 0}).to_list()
        told = {row["meta"]["video_id"]: row for row in rows}
        assert told.keys() == set(wanted)
        assert all(row == told[row["meta"]["video_id"]] for row in rows)
        days = await self.database[USAGE_DAYS].find({"account_id": account_id}).to_list()
        assert sum(day["items"] for day in days) == count
        left = await Charging(self.database, self.redis).left(account_id)
        assert left == PLANS[PLAN].requests_per_month - count
        assert await self.redis.xlen(TOLD) == 0


@pytest.fixture
async def house(
    mongodb_uri: str, database: AsyncDatabase[Document], tmp_path: Path
) -> AsyncIterator[House]:
    await of_accounts.prepare(database)
    await prepare(database)
    valkey = EmbeddedValkey(tmp_path / "valkey")
    valkey.start()
    async with Site(latency_ms=50) as site, redis.connect(valkey.url) as client:
        made = House(database, client, valkey, mongodb_uri, site, tmp_path)
        try:
            for start in (made.start_scheduler, made.start_worker) * 2:
                start()
            await made.until(lambda: client.exists(LEASE))
            yield made
        finally:
            for process in (*made.schedulers, *made.workers):
                process.kill()
                process.wait()
            valkey.stop()


@pytest.fixture
async def owner(house: House) -> str:
    account = await Accounts(house.database, house.redis).create("a@example.com", PLAN)
    return account.id


async def test_the_conductor_is_killed(house: House, owner: str) -> None:
    crawl = await house.crawls.create(TARGETS, owner=owner)
    await house.until_begun(crawl)
    holder = await house.redis.get(LEASE)
    conductor = (await read_conducting(house.redis)).conductor
    assert conductor is not None
    next(one for one in house.schedulers if one.pid == conductor.pid).kill()

    ended = await house.until_ended(crawl)

    assert await house.redis.get(LEASE) != holder
    await house.assert_each_once(ended, owner)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_workers_are_killed_or_ended_and_others_take_their_place(
    house: House, owner: str, number: signal.Signals
) -> None:
    crawl = await house.crawls.create(TARGETS, owner=owner)
    for index, share in enumerate((0.1, 0.3, 0.5)):
        await house.until_begun(crawl, share)
        house.workers[index].send_signal(number)
        house.start_worker()

    ended = await house.until_ended(crawl)

    await house.assert_each_once(ended, owner)


async def test_schedulers_end_in_order_and_come_back(house: House, owner: str) -> None:
    crawl = await house.crawls.create(TARGETS, owner=owner)
    await house.until_begun(crawl)
    for process in house.schedulers:
        process.terminate()
    for process in house.schedulers:
        assert await asyncio.to_thread(process.wait, 20) == 0
    house.start_scheduler()

    ended = await house.until_ended(crawl)

    await house.assert_each_once(ended, owner)


async def test_valkey_is_killed_and_comes_back(house: House, owner: str) -> None:
    crawl = await house.crawls.create(TARGETS, owner=owner)
    await house.until_begun(crawl)
    house.valkey.process.kill()
    house.valkey.process.wait()
    await asyncio.sleep(1)
    house.valkey.start()

    ended = await house.until_ended(crawl)

    await house.assert_each_once(ended, owner)


async def test_everything_is_killed_at_once(house: House, owner: str) -> None:
    crawl = await house.crawls.create(TARGETS, owner=owner)
    await house.until_begun(crawl)
    for process in (*house.schedulers, *house.workers, house.valkey.process):
        process.kill()
    for process in (*house.schedulers, *house.workers, house.valkey.process):
        process.wait()
    house.valkey.start()
    house.start_scheduler()
    house.start_worker()

    ended = await house.until_ended(crawl)

    await house.assert_each_once(ended, owner)


@pytest.fixture
def variables(mongodb_uri: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "MONGODB_URI": mongodb_uri,
        "REDIS_URL": redis_url,
        "DATA_DIR": str(tmp_path / "data"),
        "EXTRACT_TIMEOUT_S": "20",
    }


def manage(*arguments: str, variables: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def end_of(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """The exit code and what was printed."""
    out, err = await asyncio.to_thread(process.communicate, timeout=50)
    return process.returncode, out, err


async def test_ctrl_c_leaves_the_crawl_to_be_followed(
    variables: dict[str, str], database: AsyncDatabase[Document]
) -> None:
    async with Site(latency_ms=500) as site:
        variables["TIKTOK_URL"] = site.url
        links = [target.value for target in videos(200)]
        command = manage("crawl", "video", *links, variables=variables)
        async with asyncio.timeout(30):
            while not await database.videos.find_one({}):
                await asyncio.sleep(0.05)
        command.send_signal(signal.SIGINT)
        code, _, said = await end_of(command)
        assert code == 130
        found = re.search(r"manage\.py jobs follow (crawl_\w+)", said)
        assert found, said
        assert f"manage.py jobs cancel {found[1]}" in said

        code, out, said = await end_of(manage("jobs", "follow", found[1], variables=variables))

    assert code == 0, said
    assert f"{found[1]} succeeded: 200 stored, 200 items" in out


@in_chromium
async def test_a_list_is_crawled_with_a_browser_that_is_started_for_it(
    variables: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "posts.jsonl"
    async with Site() as site:
        variables["TIKTOK_URL"] = site.url
        variables["SCRAPY_SETTINGS_MODULE"] = "tests.browser_settings"
        variables["PYTHONPATH"] = str(PROJECT)
        asked = ("crawl", "user", "list_60", "--limit", "20", "--out", str(out))
        code, printed, said = await end_of(manage(*asked, variables=variables))

    assert code == 0, said
    assert "succeeded: 1 limit" in printed
    lines = out.read_text().splitlines()
    assert len([line for line in lines if '"kind":"video"' in line]) == 20
