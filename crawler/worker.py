"""One worker process: a warm Scrapy crawler fed from the queue, or from the archive's backlog."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import TYPE_CHECKING, Any

import uvloop
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.utils.project import get_project_settings

from accounts.usage import Drainer
from crawler.egress.gate import Gate
from crawler.egress.ledger import Ledger, Policy
from crawler.egress.names import egresses_of
from crawler.jobs.backlog import Backlog
from crawler.jobs.intake import Intake
from crawler.jobs.keeping import Keeping
from crawler.jobs.queue import Queue
from crawler.jobs.records import new_id
from crawler.jobs.workers import WorkerKind, Workers
from crawler.spiders.archive import FILES_AT_ONCE, ArchiveSpider
from crawler.spiders.jobs import JobsSpider
from crawler.telling import Teller
from services import mongodb, redis, tracing
from services.errors import ServiceError
from services.garbage import settle_garbage

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Awaitable

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


async def _work(environment: Environment) -> None:
    stopping = _stopping()
    client = redis.connect(environment.redis_url or "")
    queue = Queue(client, claim_s=environment.job_claim_s, tries=environment.job_attempts)
    ledger = Ledger(client, Policy.of(environment), worker=queue.consumer)
    gate = Gate(egresses_of(environment.proxy_urls), ledger)
    slots = environment.pages_at_once
    uri = environment.mongodb_uri or ""
    async with (
        tracing.tracing(environment.otel_exporter_otlp_endpoint, process="worker"),
        client,
        mongodb.connect(uri) as store,
        # Beside the crawl, for in the API it would cost every answer a share of its time.
        Drainer(client, mongodb.database(store, uri)).draining(),
        Intake(queue, gate, slots=slots, claim_s=environment.job_claim_s) as intake,
    ):
        runner = _runner(environment)
        crawler = runner.create_crawler(JobsSpider)
        teller = Teller(Workers(client), worker_id=queue.consumer, source=intake, crawler=crawler)
        async with teller.telling():
            await _until_stopped(runner.crawl(crawler, intake=intake), intake, stopping)


def _stopping() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stopping = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stopping.set)
    return stopping


def _runner(environment: Environment) -> AsyncCrawlerRunner:
    settings = get_project_settings()
    settings.set("TIKTOK_ENVIRONMENT", environment, priority="cmdline")
    settings.set("TWISTED_REACTOR_ENABLED", value=False, priority="cmdline")
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
