"""Crawls as callers ask for them: beside the worker alone, on two, and beside other callers."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import aiohttp

from bench.callers import business_keys
from bench.ground import links, new_targets
from bench.our_worker import our_worker
from bench.rows.cold import Asker
from bench.table import Row, at_least, at_most, compare, percentile
from crawler.jobs.crawl import CrawlState
from crawler.jobs.crawls import Crawls
from services import mongodb, redis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.ground import Ground, Server

LINKS = 10_000
SPIDERS_LINKS = 5_000
CONNECTIONS = 16
LATENCY_MS = 100
CONNECTIONS_EACH = 8
"""So few that two workers wait for the site, and not for processors."""
LINKS_EACH = 1_000
ASKED_LATENCY_MS = 200
ASKS = 60
_MOST_ROUNDS = 3
_PATIENCE_S = 300.0
_LOOK_S = 0.05


async def measure(ground: Ground, rounds: int) -> list[Row]:
    """The three in turn."""
    rounds = min(rounds, _MOST_ROUNDS)
    keys = iter(await business_keys(ground, 5 * _MOST_ROUNDS))
    with ground.scheduler():
        return [
            await _beside_the_spider(ground, keys, rounds),
            await _on_two_workers(ground, rounds),
            await _beside_callers(ground, keys, rounds),
        ]


async def _beside_the_spider(ground: Ground, keys: Iterator[str], rounds: int) -> Row:
    """Links through the API, and links put on the worker's queue, in turn."""
    ours, alone = [], []
    async with AsyncExitStack() as stack:
        site = stack.enter_context(ground.site())
        worker = await stack.enter_async_context(our_worker(ground, site, connections=CONNECTIONS))
        api = await stack.enter_async_context(ground.api(site))
        session = await stack.enter_async_context(aiohttp.ClientSession(api.url))
        await worker.crawl(1000)
        for _ in range(rounds):
            alone.append((await worker.crawl(SPIDERS_LINKS)).rate)
            ours.append(await _crawl(ground, session, next(keys), LINKS))
    return compare(
        f"{LINKS:,} links by `POST /crawls`, {CONNECTIONS} connections; peer: the worker alone",
        ours,
        alone,
        unit=" pages/s",
        limit=at_least(0.9),
    )


async def _on_two_workers(ground: Ground, rounds: int) -> Row:
    """A crawl on one worker and on two, each with as many connections, in turn."""
    one, two = [], []
    with ground.site(latency_ms=LATENCY_MS) as site:
        for _ in range(rounds):
            one.append(await _on_workers(ground, site, 1))
            two.append(await _on_workers(ground, site, 2))
    return compare(
        f"crawl at {LATENCY_MS} ms latency, two workers of {CONNECTIONS_EACH} connections; peer:"
        " one",
        two,
        one,
        unit=" pages/s",
        limit=at_least(1.8),
    )


async def _on_workers(ground: Ground, site: Server, workers: int) -> float:
    async with AsyncExitStack() as stack:
        for number in range(workers):
            stack.enter_context(
                ground.worker(site, connections=CONNECTIONS_EACH * workers, name=f"worker-{number}")
            )
        crawls = await _crawls(ground, stack)
        targets = new_targets(LINKS_EACH * workers)
        await _until_ended(crawls, (await crawls.create(new_targets(200), owner=None)).id)
        began = time.time()
        crawl = await crawls.create(targets, owner=None)
        return len(targets) / (await _until_ended(crawls, crawl.id) - began)


async def _beside_callers(ground: Ground, keys: Iterator[str], rounds: int) -> Row:
    """What callers wait for new posts while nothing else is done, and while links are crawled."""
    beside, idle = [], []
    async with AsyncExitStack() as stack:
        site = stack.enter_context(ground.site(latency_ms=ASKED_LATENCY_MS))
        stack.enter_context(ground.worker(site, connections=48))
        api = await stack.enter_async_context(ground.api(site))
        session = await stack.enter_async_context(aiohttp.ClientSession(api.url))
        asker = Asker(session, session, [next(keys) for _ in range(4)])
        await _asked(asker)
        for _ in range(rounds):
            idle.append(await _asked(asker))
            crawl = asyncio.create_task(_crawl(ground, session, next(keys), LINKS))
            await asyncio.sleep(2)
            beside.append(await _asked(asker))
            assert not crawl.done(), "the crawl had ended before the callers had asked"
            await crawl
    return compare(
        f"answer with a crawl at {ASKED_LATENCY_MS} ms latency, p95 of {ASKS}, while {LINKS:,}"
        " links are crawled; peer: the same, idle",
        beside,
        idle,
        unit=" ms",
        limit=at_most(1.5),
    )


async def _asked(asker: Asker) -> float:
    return percentile([await asker.total_ms(path) for path in links("", ASKS)], 0.95)


async def _crawl(ground: Ground, session: aiohttp.ClientSession, key: str, count: int) -> float:
    """Links a second from before the request until the crawl has ended; all must be stored."""
    targets = [{"type": "video", "value": link} for link in links("https://www.tiktok.com", count)]
    began = time.time()
    async with session.post(
        "/api/v1/crawls", json={"targets": targets}, headers={"X-API-Key": key}
    ) as answer:
        body = await answer.json()
    assert answer.status == 202, body
    async with AsyncExitStack() as stack:
        crawls = await _crawls(ground, stack)
        return count / (await _until_ended(crawls, body["id"]) - began)


async def _crawls(ground: Ground, stack: AsyncExitStack) -> Crawls:
    store = await stack.enter_async_context(mongodb.connect(ground.mongodb_uri))
    client = await stack.enter_async_context(redis.connect(ground.redis_url))
    return Crawls(mongodb.database(store, ground.mongodb_uri), client)


async def _until_ended(crawls: Crawls, crawl_id: str) -> float:
    """When a crawl ended, in Unix seconds; every target must have succeeded."""
    async with asyncio.timeout(_PATIENCE_S):
        while not (crawl := await crawls.get(crawl_id)).state.is_ended:
            await asyncio.sleep(_LOOK_S)
    assert crawl.state is CrawlState.SUCCEEDED, crawl
    assert crawl.finished_at is not None
    return crawl.finished_at.timestamp()
