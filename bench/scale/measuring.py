"""Measuring what a page costs: one crawl through all processes, on databases of its own."""

from __future__ import annotations

import asyncio
import gzip
from datetime import timedelta
from typing import TYPE_CHECKING

import aiohttp

from bench.ground import ground, new_targets
from bench.programs import cpu_s, resident_mb
from bench.scale.costs import Costs
from crawler.jobs.collections import CRAWL_ITEMS, CRAWL_TARGETS
from crawler.jobs.collections import prepare as prepare_crawls
from crawler.jobs.crawl import CrawlState
from crawler.jobs.crawls import Crawls
from crawler.jobs.queue import Queue
from pipelines.collections import RAW_ITEMS, STATISTICS, VIDEOS, prepare
from pipelines.writes import append
from services import mongodb, redis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from bench.ground import Ground, Server
    from crawler.links import Target
    from services.mongodb import Document

PAGES = 10_000
CONNECTIONS = 16
FOLLOWED, LATER_ROWS = 1_000, 72
WAITING = 20_000
_PATIENCE_S = 300


async def measure() -> Costs:
    """Crawl :data:`PAGES` new posts; takes some two minutes."""
    with ground() as place:
        async with (
            mongodb.connect(place.mongodb_uri) as client,
            redis.connect(place.redis_url) as cache,
        ):
            database = mongodb.database(client, place.mongodb_uri)
            await prepare(database)
            await prepare_crawls(database)
            with place.site() as site:
                figures = await _crawl(place, site, Crawls(database, cache))
                wire_bytes = await _wire_bytes(site, new_targets(20))
            names = (VIDEOS, RAW_ITEMS, STATISTICS, CRAWL_TARGETS, CRAWL_ITEMS)
            on_disk = {name: await _bytes_on_disk(database, name) for name in names}
            return Costs(
                **figures,
                wire_bytes=wire_bytes,
                video_bytes=on_disk[VIDEOS] // PAGES,
                raw_bytes=on_disk[RAW_ITEMS] // PAGES,
                row_bytes=on_disk[STATISTICS] // PAGES,
                entry_bytes=(on_disk[CRAWL_TARGETS] + on_disk[CRAWL_ITEMS]) // PAGES,
                later_row_bytes=await _later_row_bytes(database),
                redis_bytes=await _redis_bytes(cache),
            )


async def _crawl(place: Ground, site: Server, crawls: Crawls) -> dict[str, float]:
    """Processor time for each page of every process, once all is warm."""
    with place.worker(site, connections=CONNECTIONS) as worker, place.scheduler() as scheduler:
        pids = {
            "worker_ms": worker,
            "scheduler_ms": scheduler,
            "mongodb_ms": place.mongodb_pid,
            "redis_ms": place.redis_pid,
        }
        await _run(crawls, new_targets(500))
        before = {name: cpu_s(pid) for name, pid in pids.items()}
        await _run(crawls, new_targets(PAGES - 500))
        used = {name: cpu_s(pid) - before[name] for name, pid in pids.items()}
        figures = {name: round(1000 * s / (PAGES - 500), 3) for name, s in used.items()}
        return figures | {
            "worker_mb": round(resident_mb(worker), 1),
            "scheduler_mb": round(resident_mb(scheduler), 1),
        }


async def _run(crawls: Crawls, targets: Sequence[Target]) -> None:
    crawl = await crawls.create(targets, owner=None)
    async with asyncio.timeout(_PATIENCE_S):
        while not crawl.state.is_ended:
            await asyncio.sleep(0.5)
            crawl = await crawls.get(crawl.id)
    assert crawl.state is CrawlState.SUCCEEDED, crawl
    assert crawl.counts.items == len(targets), crawl.counts


async def _wire_bytes(site: Server, targets: Sequence[Target]) -> int:
    async with aiohttp.ClientSession() as session:
        sizes = []
        for target in targets:
            async with session.get(site.url + target.page_path) as answer:
                sizes.append(len(gzip.compress(await answer.read(), 6)))
    return sum(sizes) // len(sizes)


async def _bytes_on_disk(database: AsyncDatabase[Document], name: str) -> int:
    await database.client.admin.command("fsync")
    told = await database.command("collStats", name)
    return int(told["storageSize"] + told["totalIndexSize"])


async def _later_row_bytes(database: AsyncDatabase[Document]) -> int:
    """Follow some posts for hours, as a schedule does: their counters grow, each at its pace."""
    rows = await database[STATISTICS].find({}, {"_id": 0}).limit(FOLLOWED).to_list()
    before = await _bytes_on_disk(database, STATISTICS)
    for hour in range(1, LATER_ROWS + 1):
        for number, row in enumerate(rows):
            row["observed_at"] += timedelta(hours=1)
            for name in ("views", "likes", "comments", "shares", "saves"):
                row[name] = (row[name] or 0) + (number * hour) % 97
        await append(database, STATISTICS, rows)
    after = await _bytes_on_disk(database, STATISTICS)
    return (after - before) // (FOLLOWED * LATER_ROWS)


async def _redis_bytes(cache: Redis) -> int:
    before = (await cache.info("memory"))["used_memory"]
    await Queue(cache).add(new_targets(WAITING), run="run_0123456789abcdef0123")
    after = (await cache.info("memory"))["used_memory"]
    return int(after - before) // WAITING
