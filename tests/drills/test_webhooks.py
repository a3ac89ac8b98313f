"""A crawl's end is told though who tells it is killed while it does."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from crawler.jobs.crawl import CrawlOptions
from crawler.jobs.crawls import Crawls
from crawler.jobs.webhooks.collections import DELIVERIES
from tests.crawler.jobs.conducting import videos
from tests.crawler.jobs.webhooks.receiver import receiving
from tests.schedulers import a_scheduler, start_scheduler
from tests.site import Site
from tests.workers import a_worker

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

pytestmark = pytest.mark.drill

VARIABLES = {
    "WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8",
    "SECRET_KEY": "a secret of tests, long enough",
}


async def test_another_scheduler_tells_what_a_killed_one_was_telling(
    mongodb_uri: str,
    redis_url: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    tmp_path: Path,
) -> None:
    places = {"mongodb_uri": mongodb_uri, "redis_url": redis_url}
    schedulers = {**places, **VARIABLES}
    async with Site() as site, receiving() as receiver, asyncio.timeout(50):
        first = start_scheduler(folder=tmp_path, **schedulers)
        with a_worker(**places, site=site.url, log=tmp_path / "worker.log"):
            crawl = await Crawls(database, redis_client).create(
                videos(3), CrawlOptions(webhook=f"{receiver.url}/hang"), owner=None
            )
            await receiver.came.wait()
            first.kill()
            first.wait()
            receiver.go_on.set()
            # As if the time had passed for which it had the message to itself.
            past = {"$set": {"next_at": datetime(2020, 1, 1, tzinfo=UTC)}}
            await database[DELIVERIES].update_many({}, past)
            with a_scheduler(folder=tmp_path, **schedulers):
                while await database[DELIVERIES].count_documents({"state": "delivered"}) == 0:
                    await asyncio.sleep(0.05)

    assert len(receiver.received) == 2
    assert len(set(receiver.ids)) == 1
    (told, again) = (body for _, body in receiver.received)
    assert told == again
    assert json.loads(told)["type"] == "crawl.succeeded"
    assert json.loads(told)["data"]["id"] == crawl.id
