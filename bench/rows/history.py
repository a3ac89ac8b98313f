"""What it costs a crawl that the counters of each post go into a time series, too."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bench.our_worker import our_worker
from bench.table import Row, at_least, compare

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bench.ground import Ground, Server
    from bench.our_worker import OurWorker

LINKS = 1000
CONNECTIONS = 16
_WITHOUT = {"SCRAPY_SETTINGS_MODULE": "bench.peers.no_history"}


async def measure(ground: Ground, rounds: int) -> list[Row]:
    """A worker with and one without, in turn; all posts are new, so each has a row."""
    stored, bare = [], []
    with ground.site() as site:
        for _ in range(rounds):
            async with _warm(ground, site) as worker:
                stored.append((await worker.crawl(LINKS)).rate)
            async with _warm(ground, site, **_WITHOUT) as worker:
                bare.append((await worker.crawl(LINKS)).rate)
    return [
        compare(
            f"crawl, {CONNECTIONS} connections, with history; peer: the same without",
            stored,
            bare,
            unit=" pages/s",
            limit=at_least(0.85),
        )
    ]


@asynccontextmanager
async def _warm(ground: Ground, site: Server, **more: str) -> AsyncIterator[OurWorker]:
    async with our_worker(ground, site, connections=CONNECTIONS, **more) as worker:
        await worker.crawl(LINKS // 2)
        yield worker
