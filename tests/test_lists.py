"""Lists through a real spider and the real pipelines: when their jobs end, and what is lost."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from accounts.accounts import Accounts
from accounts.charging import Charging
from crawler.items import Kind, Layout, RawList, RawVideo
from crawler.jobs.outcomes import Outcomes
from crawler.jobs.queue import Queue
from crawler.jobs.records import Fetcher, Job, Lane, Outcome
from crawler.jobs.underway import Underway
from crawler.jobs.workers import Workers
from crawler.links import Target, TargetType
from pipelines.normalize import NormalizePipeline
from pipelines.publish import PublishPipeline
from settings.plans import PlanName
from tests.api.crawling import a_stage
from tests.list_worker import END, NOW, POSTS, STORED
from tests.pipelines.entities import a_user
from tests.pipelines.posts import a_post
from tests.site import Site
from tests.workers import a_worker, until_ended

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

SEARCH = Target(type=TargetType.SEARCH, value="bread")
HEADER = Target(type=TargetType.USER_HEADER, value="ada.bakes")


async def test_a_list_s_job_ends_once_with_all_of_its_items_stored(
    mongodb_uri: str,
    redis_url: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    tmp_path: Path,
) -> None:
    queue = Queue(redis_client, fetcher=Fetcher.BROWSER)
    async with Site() as site:
        with a_worker(
            mongodb_uri=mongodb_uri,
            redis_url=redis_url,
            site=site.url,
            log=tmp_path / "log",
            program=("-m", "tests.list_worker"),
        ) as worker:
            await queue.add([SEARCH], run="run_1")
            async with asyncio.timeout(20):
                (outcome,) = [one async for one in queue.outcomes("run_1", count=1)]
            counted = {name: await database[name].count_documents({}) for name in STORED}
            state = await database.lists.find_one({"_id": SEARCH.key})
            worker.send_signal(signal.SIGTERM)
            assert await until_ended(worker, within_s=15) == 0

    lost = replace(END, collected=END.collected - 1, complete=False)
    assert outcome == Outcome(key=SEARCH.key, end=lost)
    assert counted == STORED
    assert state is not None
    assert (state["collected"], state["complete"]) == (lost.collected, False)
    assert (await queue.depth(Lane.BULK)).in_hand == 0
    told = await Workers(redis_client).read()
    assert told.counted["tiktok/list/item_dropped"] == 1
    assert told.counted["tiktok/job/done"] == 1


async def test_the_items_of_a_crawl_s_list_are_delivered_and_charged_and_nothing_else(
    mongodb_uri: str,
    redis_url: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    tmp_path: Path,
) -> None:
    stage = await a_stage(database, redis_client)
    account = await Accounts(database).create("caller@example.com", PlanName.PRO)
    crawl = await stage.crawls.create([SEARCH], owner=account.id)
    async with Site() as site:
        with a_worker(
            mongodb_uri=mongodb_uri,
            redis_url=redis_url,
            site=site.url,
            log=tmp_path / "log",
            program=("-m", "tests.list_worker"),
        ):
            async with asyncio.timeout(20):
                while not await Workers(redis_client).has_browser():
                    await asyncio.sleep(0.05)
                while not (now := await stage.crawls.get(crawl.id)).state.is_ended:
                    await stage.turn()
                    await asyncio.sleep(0.05)

    items = (await stage.crawls.items(now, limit=1000)).items
    assert Counter(item.kind for item in items) == {Kind.VIDEO: POSTS, Kind.USER: 1}
    assert [item.sequence for item in items] == list(range(1, POSTS + 2))
    assert await Charging(database, redis_client).left(account.id) == 10_000 - (POSTS + 1)


async def test_the_end_of_a_list_waits_for_the_items_before_it() -> None:
    job, first = Job(target=SEARCH, lane=Lane.BULK), NormalizePipeline()
    about: dict[str, Any] = {"observed_at": NOW, "spider": "list", "job": job}
    for number in (1, 2):
        first.process_item(RawVideo(video_id=str(number), layout=Layout.LIST, data={}, **about))
    last: Any = first.process_item(RawList(target=SEARCH, end=END, **about))
    waiting = asyncio.ensure_future(last)
    assert job.underway is not None

    job.underway.leave()
    await asyncio.sleep(0.01)
    assert not waiting.done()
    job.underway.leave(is_lost=True)

    ended = await asyncio.wait_for(waiting, 1)
    assert ended.end == replace(END, collected=END.collected - 1, complete=False)


async def test_what_enters_while_the_end_waits_is_waited_for_too() -> None:
    underway = Underway()
    underway.enter()
    waiting = asyncio.ensure_future(underway.until_empty())
    await asyncio.sleep(0)
    underway.leave()
    underway.enter()
    await asyncio.sleep(0.01)
    assert not waiting.done()
    underway.leave()
    await asyncio.wait_for(waiting, 1)


@pytest.mark.parametrize("item", [a_user, a_post])
async def test_an_item_of_a_list_does_not_end_its_job(
    item: Any, redis_url: str, redis_client: Redis
) -> None:
    queue = Queue(redis_client, fetcher=Fetcher.BROWSER)
    await queue.prepare()
    await queue.add([SEARCH], run="run_1")
    (job,) = await queue.take(Lane.BULK, 1, block_s=1)
    publish = PublishPipeline(redis_url, ttl_s=60)
    await publish.process_item(item(job=job))
    assert (await queue.depth(Lane.BULK)).in_hand == 1

    await publish.process_item(
        RawList(target=SEARCH, end=END, observed_at=NOW, spider="list", job=job)
    )
    assert (await queue.depth(Lane.BULK)).in_hand == 0
    await publish.close_spider()


async def test_the_job_of_a_header_ends_with_what_its_page_shows(
    redis_url: str, redis_client: Redis
) -> None:
    queue = Queue(redis_client)
    async with Outcomes(redis_client) as outcomes:
        await outcomes.until_subscribed()
        with outcomes.expect(HEADER.key) as waiter:
            await queue.prepare()
            await queue.ask(HEADER, flight_s=30)
            (job,) = await queue.take(Lane.DEMAND, 1, block_s=1)
            user = a_user(job=job)
            publish = PublishPipeline(redis_url, ttl_s=60)
            assert await publish.process_item(user) is user.document
            outcome = await waiter.wait(5)
    await publish.close_spider()
    assert outcome == Outcome(key=HEADER.key, item_id=user.id)
