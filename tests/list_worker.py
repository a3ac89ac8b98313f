"""A worker whose spider makes up its lists, run as a process of its own."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import uvloop
from scrapy import Request
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.utils.project import get_project_settings

from crawler.items import (
    Kind,
    Layout,
    RawComment,
    RawHashtag,
    RawList,
    RawMusic,
    RawSearch,
    RawUser,
    RawVideo,
)
from crawler.jobs.intake import Intake
from crawler.jobs.lists import ListEnd, StopReason
from crawler.jobs.queue import Queue
from crawler.jobs.records import Fetcher
from crawler.jobs.workers import WorkerKind, Workers
from crawler.spiders.jobs import JobsSpider
from crawler.telling import Teller
from services import redis
from settings.env import read_environment
from tests.crawler.egress.gates import a_gate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response

    from crawler.jobs.records import Job
    from settings.env import Environment

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
POSTS = 60
STORED = {
    "videos": POSTS,
    "users": 1,
    "hashtags": 1,
    "music": 1,
    "comments": 1,
    "search_results": 1,
}
"""How many documents of each collection a list leaves."""
END = ListEnd.of(StopReason.END, collected=POSTS + 5, reported_total=POSTS)


class ListSpider(JobsSpider):
    """Yields for any job a list of everything, one comment that is none among it."""

    name = "list"

    async def start(self) -> AsyncIterator[Any]:
        async for job in self.intake.jobs():
            yield Request(self.base, self.items, meta={"job": job, "handle_httpstatus_all": True})

    async def items(self, response: Response) -> AsyncIterator[Any]:
        job: Job = response.meta["job"]
        about: dict[str, Any] = {"observed_at": NOW, "spider": self.name, "job": job}
        for number in range(POSTS):
            data = {"id": str(number + 1), "desc": "bread", "createTime": 1700000000}
            yield RawVideo(video_id=str(number + 1), layout=Layout.LIST, data=data, **about)
            if number == 5:
                yield RawComment(layout=Layout.LIST, data={"text": "no id"}, **about)
        yield RawUser(layout=Layout.LIST, data={"id": "1", "uniqueId": "ada"}, **about)
        yield RawHashtag(layout=Layout.LIST, data={"title": "bread"}, **about)
        yield RawMusic(layout=Layout.LIST, data={"id": "1", "title": "Bread"}, **about)
        yield RawComment(layout=Layout.LIST, data={"cid": "1", "text": "Bread"}, **about)
        yield RawSearch(target=job.target, found=[(Kind.VIDEO, "1")], **about)
        yield RawList(target=job.target, end=END, **about)


async def work(environment: Environment) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    settings = get_project_settings()
    settings.set("TIKTOK_ENVIRONMENT", environment, priority="cmdline")
    settings.set("TWISTED_REACTOR_ENABLED", value=False, priority="cmdline")
    runner = AsyncCrawlerRunner(settings)
    crawler = runner.create_crawler(ListSpider)
    async with redis.connect(environment.redis_url or "") as client:
        queue = Queue(client, fetcher=Fetcher.BROWSER)
        async with Intake(queue, a_gate(client), slots=4, claim_s=5) as intake:
            teller = Teller(
                Workers(client),
                worker_id="lists",
                kind=WorkerKind.BROWSER,
                source=intake,
                crawler=crawler,
            )
            async with teller.telling():
                crawl = asyncio.ensure_future(runner.crawl(crawler, intake=intake))
                await stopping.wait()
                await intake.close(within_s=10)
                await crawl


if __name__ == "__main__":
    uvloop.run(work(read_environment()))
