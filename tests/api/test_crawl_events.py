from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from crawler.jobs.events import events_key
from settings.plans import PlanName
from tests.api.conftest import serving, until
from tests.api.crawling import CRAWLS, a_stage, deleted, error, make, posts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import ClientResponse
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document
    from settings.env import Environment
    from tests.api.conftest import Api, Callers
    from tests.crawler.jobs.conducting import Stage


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.watching.GLANCE_S", 0.02)
    monkeypatch.setattr("api.watching.LOOK_S", 0.1)


@pytest.fixture
async def stage(database: AsyncDatabase[Document], redis_client: Redis) -> Stage:
    return await a_stage(database, redis_client)


@contextlib.asynccontextmanager
async def watching(
    api: Api, key: str, crawl: str, after: str | None = None
) -> AsyncIterator[ClientResponse]:
    headers = {"X-API-Key": key} | ({"Last-Event-ID": after} if after else {})
    url = f"{api.url}{CRAWLS}/{crawl}/events"
    async with asyncio.timeout(10), api.session.get(url, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        yield answer


async def read_all(answer: ClientResponse) -> list[dict[str, Any]]:
    """The events until the stream ends."""
    blocks = (await answer.text()).split("\n\n")
    events = []
    for block in blocks:
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line)
        if "event" in fields:
            events.append({**fields, "data": json.loads(fields["data"])})
    return events


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [one["event"] for one in events if one["event"] != "progress"]


async def test_a_crawl_is_watched_to_its_end(api: Api, callers: Callers, stage: Stage) -> None:
    _, key = await callers.make(PlanName.PRO)
    crawl = (await make(api, key, posts(2))).body["id"]

    async with watching(api, key, crawl) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers["X-Request-ID"].startswith("req_")
        assert answer.headers["X-RateLimit-Remaining"] == "98"
        assert await answer.content.readline() == b"retry: 3000\n"
        await stage.run(await stage.crawls.get(crawl), deleted)
        events = await read_all(answer)

    assert kinds(events) == ["target", "target", "end"]
    target = next(one["data"] for one in events if one["event"] == "target")
    end = events[-1]["data"]
    assert (target["number"], target["type"], target["state"]) == (1, "video", "failed")
    assert (target["reason"], target["cached"]) == ("video_deleted", False)
    assert (end["id"], end["state"], end["counts"]["failed"]) == (crawl, "failed", 2)


async def test_watching_goes_on_behind_the_last_event(
    api: Api, callers: Callers, stage: Stage
) -> None:
    _, key = await callers.make(PlanName.PRO)
    crawl = (await make(api, key, posts(3))).body["id"]
    await stage.run(await stage.crawls.get(crawl))

    async with watching(api, key, crawl) as answer:
        whole = await read_all(answer)
    async with watching(api, key, crawl, after=whole[1]["id"]) as answer:
        rest = await read_all(answer)
    async with watching(api, key, crawl, after=whole[-1]["id"]) as answer:
        nothing = await read_all(answer)

    assert kinds(whole) == ["target", "target", "target", "end"]
    assert rest == whole[2:]
    assert kinds(nothing) == ["end"]
    wrong = await api.call(
        "GET", f"{CRAWLS}/{crawl}/events", key=key, headers={"Last-Event-ID": "new"}
    )
    assert error(wrong) == (400, "Invalid parameter")


async def test_an_end_that_nobody_told_of_is_told(api: Api, callers: Callers, stage: Stage) -> None:
    _, key = await callers.make(PlanName.PRO)
    crawl = (await make(api, key, posts(1))).body["id"]

    async with watching(api, key, crawl) as answer:
        await answer.content.readline()
        state = {"$set": {"state": "cancelled"}}
        await stage.database.crawl_jobs.update_one({"_id": crawl}, state)
        events = await read_all(answer)

    assert kinds(events) == ["end"]
    assert "id" not in events[0]
    assert events[0]["data"]["state"] == "cancelled"


async def test_a_crawl_that_is_retried_goes_on_behind_its_first_end(
    api: Api, callers: Callers, stage: Stage
) -> None:
    _, key = await callers.make(PlanName.PRO)
    crawl = (await make(api, key, posts(1))).body["id"]
    await stage.run(await stage.crawls.get(crawl), deleted)
    await api.call("POST", f"{CRAWLS}/{crawl}/retry", key=key)

    async with watching(api, key, crawl) as answer:
        await answer.content.readuntil(b"event: end\n")
        await stage.run(await stage.crawls.get(crawl))
        events = await read_all(answer)

    assert kinds(events) == ["target", "end"]
    assert events[-1]["data"]["state"] == "succeeded"


async def test_a_line_says_that_nothing_happened(
    api: Api, key: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.watching.HEARTBEAT_S", 0.05)
    crawl = (await make(api, key, posts(1))).body["id"]

    async with watching(api, key, crawl) as answer:
        assert await answer.content.readuntil(b": the crawl goes on\n\n")


async def test_an_account_watches_as_often_as_its_plan_allows_and_leaving_is_noticed(
    api: Api, callers: Callers, stage: Stage, redis_client: Redis
) -> None:
    account, key = await callers.make(PlanName.FREE)
    crawl = (await make(api, key, posts(1))).body["id"]
    path = f"{CRAWLS}/{crawl}/events"

    async with watching(api, key, crawl) as first, watching(api, key, crawl) as second:
        third = await api.call("GET", path, key=key)
        first.close()
        second.close()

    async def are_gone() -> bool:
        return await redis_client.zcard(f"watched:{account.id}") == 0

    assert error(third) == (429, "Too many streams")
    assert third.headers["Retry-After"] == "5"
    await until(are_gone)


async def test_the_end_of_the_process_ends_watching_between_two_events(
    environment: Environment, callers: Callers, stage: Stage
) -> None:
    _, key = await callers.make(PlanName.PRO)
    async with serving(environment) as api:
        crawl = (await make(api, key, posts(1))).body["id"]
        async with watching(api, key, crawl) as answer:
            await answer.content.readline()
            await api.app.shutdown()
            assert await read_all(answer) == []


async def test_another_accounts_crawl_is_not_watched(
    api: Api, callers: Callers, stage: Stage, redis_client: Redis
) -> None:
    _, key = await callers.make(PlanName.PRO)
    _, stranger = await callers.make(PlanName.PRO)
    crawl = (await make(api, key, posts(1))).body["id"]

    answer = await api.call("GET", f"{CRAWLS}/{crawl}/events", key=stranger)

    assert error(answer) == (404, "Crawl not found")
    assert not await redis_client.exists(events_key(crawl))
