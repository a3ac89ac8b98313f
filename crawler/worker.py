"""One worker process: a warm Scrapy crawler fed from the queue, or from the archive's backlog."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import uvloop
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.spiderloader import DummySpiderLoader
from scrapy.utils.project import get_project_settings

from accounts.usage import Drainer
from crawler.egress.gate import Gate
from crawler.egress.ledger import Ledger, Policy
from crawler.egress.names import egresses_of
from crawler.jobs.backlog import Backlog
from crawler.jobs.desk import Desk
from crawler.jobs.erasures.erasures import Erasures
from crawler.jobs.intake import Intake
from crawler.jobs.keeping import Keeping
from crawler.jobs.queue import Queue
from crawler.jobs.records import Fetcher, new_id
from crawler.jobs.workers import WorkerKind, Workers
from crawler.spiders.archive import FILES_AT_ONCE, ArchiveSpider
from crawler.spiders.jobs import JobsSpider
from crawler.telling import Teller
from services import mongodb, redis, tracing
from services.errors import ServiceError
from services.garbage import settle_garbage
from services.memory import TreeMemory, hold_little, resident_bytes
from settings.secrets import erasure_key

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import AsyncIterator, Awaitable

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis
    from scrapy import Spider

    from services.mongodb import Document
    from settings.env import Environment

logger = logging.getLogger(__name__)

DRAIN_S = 20.0
_CLOSE_S = 5.0


def run(environment: Environment) -> None:
    """Work until SIGTERM or SIGINT, then finish what is in hand and return.

    What is not finished within ``DRAIN_S`` stays on the queue for another worker.

    Raises:
        ServiceError: the crawler stopped by itself.
    """
    settle_garbage()
    uvloop.run(_work(environment))


def run_browser(environment: Environment) -> None:
    """Do the same with the jobs that take a browser, on Twisted's asyncio reactor.

    scrapy-playwright's handler is one of Scrapy's own, which do not work without a reactor. Lists
    that are not at their end soon are put back on the queue.

    Raises:
        ServiceError: the crawler stopped by itself.
    """
    from crawler.browser.running import run_on_reactor

    hold_little()
    settle_garbage()
    run_on_reactor(_browse(environment))


def run_archive(environment: Environment) -> None:
    """Keep files of posts until SIGTERM or SIGINT, then finish what is in hand and return.

    What is not finished within ``DRAIN_S`` is due again for another worker.

    Raises:
        ServiceError: the crawler stopped by itself.
    """
    uvloop.run(_keep(environment))


async def _keep(environment: Environment) -> None:
    stopping = _stopping()
    async with (
        redis.connect(environment.redis_url or "") as client,
        Keeping(Backlog(client), slots=FILES_AT_ONCE) as keeping,
    ):
        runner = _runner(environment)
        crawler = runner.create_crawler(ArchiveSpider)
        teller = Teller(
            Workers(client),
            worker_id=new_id("archive"),
            kind=WorkerKind.ARCHIVE,
            source=keeping,
            crawler=crawler,
        )
        async with teller.telling():
            await _until_stopped(runner.crawl(crawler, keeping=keeping), keeping, stopping)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Station:
    """What a worker of the queue works with."""

    id: str
    redis: Redis
    database: AsyncDatabase[Document]
    intake: Intake

    async def crawl(
        self, environment: Environment, spider: type[Spider], *, kind: WorkerKind, **parts: Any
    ) -> None:
        """Run a spider over the intake's jobs until SIGTERM or SIGINT."""
        stopping = _stopping()
        runner = _runner(environment, has_reactor=kind is WorkerKind.BROWSER)
        crawler = runner.create_crawler(spider)
        teller = Teller(
            Workers(self.redis),
            worker_id=self.id,
            kind=kind,
            source=self.intake,
            crawler=crawler,
            memory=TreeMemory() if kind is WorkerKind.BROWSER else resident_bytes,
        )
        async with teller.telling():
            run = runner.crawl(crawler, intake=self.intake, **parts)
            await _until_stopped(run, self.intake, stopping)


@contextlib.asynccontextmanager
async def _station(
    environment: Environment, *, fetcher: Fetcher, slots: int
) -> AsyncIterator[_Station]:
    client = redis.connect(environment.redis_url or "")
    uri = environment.mongodb_uri or ""
    store = mongodb.connect(uri)
    database = mongodb.database(store, uri)
    erasures = Erasures(database, partial(erasure_key, environment))
    queue = Queue(
        client,
        claim_s=environment.job_claim_s,
        tries=environment.job_attempts,
        fetcher=fetcher,
        refuses=erasures.refuses,
    )
    ledger = Ledger(client, Policy.of(environment), worker=queue.consumer)
    gate = Gate(egresses_of(environment.proxy_urls), ledger)
    intake = Intake(
        queue,
        gate,
        slots=slots,
        claim_s=environment.job_claim_s,
        for_lists=fetcher is Fetcher.BROWSER,
    )
    async with (
        tracing.tracing(environment.otel_exporter_otlp_endpoint, process="worker"),
        client,
        store,
        erasures.hearing(),
        intake,
    ):
        yield _Station(id=queue.consumer, redis=client, database=database, intake=intake)


async def _work(environment: Environment) -> None:
    slots = environment.pages_at_once
    async with (
        _station(environment, fetcher=Fetcher.HTTP, slots=slots) as station,
        # Beside the crawl, for in the API it would cost every answer a share of its time.
        Drainer(station.redis, station.database).draining(),
    ):
        await station.crawl(environment, JobsSpider, kind=WorkerKind.CRAWL)


async def _browse(environment: Environment) -> None:
    from crawler.browser.chromium import TABS
    from crawler.spiders.browser import BrowserSpider

    async with _station(environment, fetcher=Fetcher.BROWSER, slots=TABS) as station:
        desk = Desk(station.redis, station.database)
        await station.crawl(environment, BrowserSpider, kind=WorkerKind.BROWSER, desk=desk)


def _stopping() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stopping = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stopping.set)
    return stopping


def _runner(environment: Environment, *, has_reactor: bool = False) -> AsyncCrawlerRunner:
    settings = get_project_settings()
    settings.set("TIKTOK_ENVIRONMENT", environment, priority="cmdline")
    # A worker knows its spider: looking for others would load Playwright into every worker.
    settings.set("SPIDER_LOADER_CLASS", DummySpiderLoader, priority="cmdline")
    settings.set("TWISTED_REACTOR_ENABLED", value=has_reactor, priority="cmdline")
    return AsyncCrawlerRunner(settings)


async def _until_stopped(
    run: Awaitable[None], source: Intake | Keeping, stopping: asyncio.Event
) -> None:
    crawl = asyncio.ensure_future(run)
    asked = asyncio.create_task(stopping.wait())
    ends: set[Future[Any]] = {crawl, asked}
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    if not stopping.is_set():
        asked.cancel()
        await crawl
        raise ServiceError("the crawler stopped by itself: see the log above")
    if not await source.close(within_s=DRAIN_S):
        logger.warning("%d jobs are left to another worker", source.in_hand)
    await asyncio.wait({crawl}, timeout=_CLOSE_S)
