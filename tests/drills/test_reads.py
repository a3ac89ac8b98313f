"""Reads over real HTTP, with scheduler, worker and a browser worker, on the test site."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from accounts.accounts import Accounts
from accounts.keys import Keys
from crawler.jobs.workers import WorkerKind, Workers
from settings.env import Environment
from settings.plans import PlanName
from tests.api.conftest import Api, serving
from tests.chromium import in_chromium
from tests.schedulers import a_scheduler
from tests.site import Site
from tests.workers import PROJECT, a_worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document
    from tests.api.conftest import Answer

pytestmark = [
    pytest.mark.drill,
    in_chromium,
]

PLAN = PlanName.PRO


class Reader:
    """A caller with a key."""

    def __init__(self, api: Api, key: str) -> None:
        self._api = api
        self._key = key

    @contextlib.asynccontextmanager
    async def hasty(self) -> AsyncIterator[Reader]:
        """The same caller of an API that waits no longer than half a second."""
        environment = self._api.environment.model_copy(update={"extract_timeout_s": 0.5})
        async with serving(environment) as api:
            yield Reader(api, self._key)

    async def with_plan(self, database: AsyncDatabase[Document], plan: PlanName) -> Reader:
        """A caller of the same API with an account of their own."""
        account = await Accounts(database).create(f"{plan.value}@example.com", plan)
        _, key = await Keys(database).issue(account.id)
        return Reader(self._api, key)

    async def crawl(self, **asked: Any) -> str:
        """Make a crawl; answers the way to it."""
        answer = await self._api.call("POST", "/api/v1/crawls", key=self._key, json=asked)
        assert answer.status == 202, answer.body
        return f"/crawls/{answer.body['id']}"

    async def get(self, path: str, **query: Any) -> Answer:
        return await self._api.call("GET", f"/api/v1{path}", key=self._key, params=query)

    async def used(self) -> int:
        return int((await self.get("/user/me")).body["requests_used"])


@pytest.fixture
async def reader(
    mongodb_uri: str,
    redis_url: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    tmp_path: Path,
) -> AsyncIterator[Reader]:
    servers = {"mongodb_uri": mongodb_uri, "redis_url": redis_url}
    environment = Environment(
        mongodb_uri=mongodb_uri, redis_url=redis_url, secret_key="a secret of tests, long enough"
    )
    with contextlib.ExitStack() as stack:
        async with Site() as site, serving(environment) as api:
            stack.enter_context(a_scheduler(**servers, folder=tmp_path))
            for name, options in (("plain", ()), ("browser", ("--browser",))):
                worker = a_worker(
                    *options,
                    **servers,
                    site=site.url,
                    log=tmp_path / name,
                    BREAKER_BLOCKS="100",
                    SCRAPY_SETTINGS_MODULE="tests.browser_settings",
                    PYTHONPATH=str(PROJECT),
                )
                stack.enter_context(worker)
            async with asyncio.timeout(30):
                while not await _are_there(redis_client):
                    await asyncio.sleep(0.1)
            account = await Accounts(database, redis_client).create("reader@example.com", PLAN)
            _, key = await Keys(database, redis_client).issue(account.id)
            yield Reader(api, key)
            # Workers end while the site still answers them.
            await asyncio.to_thread(stack.close)


async def _are_there(redis: Redis) -> bool:
    told = await Workers(redis).read()
    return {WorkerKind.CRAWL, WorkerKind.BROWSER} <= {worker.kind for worker in told.workers}


async def test_everything_is_read_from_the_site_first_and_from_the_store_then(
    reader: Reader,
) -> None:
    items = {
        "/users/list_9": 0,
        "/hashtags/list_9": 0,
        "/music/68500008000045301": 0,
        "/users/list_80/videos": 30,
        "/hashtags/list_20__inner/videos": 20,
        "/videos/6850000800000153000/comments": 30,
        "/search?q=list_12": 15,
    }

    crawled = {path: await reader.get(path) for path in items}
    cost = await reader.used()
    stored = {path: await reader.get(path) for path in items}

    for path, answer in crawled.items():
        assert (answer.status, answer.body["cached"]) == (200, False), (path, answer.body)
        assert stored[path].status == 200
        assert stored[path].body["cached"] is True, path
        assert stored[path].body["meta"] == answer.body["meta"]
        assert answer.body["meta"].get("collected", 0) == items[path]
    first = crawled["/users/list_80/videos"].body
    assert len(first["videos"]) == 30
    assert first["meta"]["reported_total"] == 80
    assert first["meta"]["stop_reason"] == "limit"
    assert first["meta"]["complete"] is False
    assert cost == sum(1 + count for count in items.values())
    assert await reader.used() == cost + len(items)


async def test_who_asks_again_after_a_202_gets_the_list_and_pages_of_it(reader: Reader) -> None:
    path = "/users/list_300/videos"
    async with reader.hasty() as hasty:
        answers = [await hasty.get(path, limit=100, max_age=0)]
        while answers[-1].status == 202:
            await asyncio.sleep(1)
            answers.append(await hasty.get(path, limit=100, max_age=0))
    *accepted, answer = answers
    (crawl_id,) = {one.body["crawl"]["id"] for one in accepted}
    shown = await reader.get(f"/crawls/{crawl_id}")

    assert answer.status == 200
    assert len(answer.body["videos"]) == 100
    assert shown.body["state"] == "succeeded"
    assert shown.body["counts"]["items"] == 100
    assert await reader.used() == 1 + 100


async def test_what_comes_before_a_wall_is_answered_and_paid_for(reader: Reader) -> None:
    walled = await reader.get("/users/list_90__captcha_overlay__at_2/videos", limit=60)
    absent = await reader.get("/users/list_9__status_10221/videos")

    assert walled.status == 200
    assert walled.body["meta"]["stop_reason"] == "captcha"
    assert walled.body["meta"]["complete"] is False
    assert len(walled.body["videos"]) == walled.body["meta"]["collected"] > 0
    assert (absent.status, absent.body["reason"]) == (404, "user_not_found")
    assert await reader.used() == 1 + walled.body["meta"]["collected"] + 1


async def test_a_crawl_of_lists_ends_with_the_month_and_keeps_what_was_paid_for(
    reader: Reader, database: AsyncDatabase[Document]
) -> None:
    free = await reader.with_plan(database, PlanName.FREE)
    lists = [{"type": "hashtag", "value": f"list_300{end}"} for end in ("", "__inner")]

    path = await free.crawl(targets=lists)
    async with asyncio.timeout(100):
        while not await database["crawl_jobs"].count_documents(
            {"stop_reason": "quota", "finished_at": {"$ne": None}}
        ):
            await asyncio.sleep(0.2)
    crawl = (await free.get(path)).body
    ends = crawl["targets"]
    items = (await free.get(f"{path}/items", limit=100)).body["items"]

    assert (crawl["stop_reason"], crawl["counts"]["items"]) == ("quota", 50)
    assert {one["reason"] for one in ends} == {"quota"}
    assert all(one["complete"] is not True for one in ends)
    assert any(one["stop_reason"] == "quota" for one in ends)
    assert len({one["item"]["video_id"] for one in items}) == 50
    assert (await free.get("/user/me")).body["requests_remaining"] == 0
