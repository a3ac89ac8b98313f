"""Crawling when every page takes 100 ms to come: how well the connections are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.our_worker import our_worker
from bench.programs import peer
from bench.rows.crawl import by_loop
from bench.table import Row, at_least, compare

if TYPE_CHECKING:
    from bench.ground import Ground, Server

LATENCY_MS = 100
_CASES = ((16, 500, 0.75), (64, 1000, 0.5))


async def measure(ground: Ground, rounds: int) -> list[Row]:
    """Ours and the hand-written loop in turn, with as many connections."""
    with ground.site(latency_ms=LATENCY_MS) as site:
        return [
            await _measure(ground, site, rounds, connections=connections, count=count, share=share)
            for connections, count, share in _CASES
        ]


async def _measure(
    ground: Ground, site: Server, rounds: int, *, connections: int, count: int, share: float
) -> Row:
    ours: list[float] = []
    theirs: list[float] = []
    async with (
        our_worker(ground, site, connections=connections) as worker,
        peer("aiohttp_loop", str(connections)) as loop,
    ):
        await worker.crawl(count)
        await by_loop(loop, site, count)
        for _ in range(rounds):
            ours.append((await worker.crawl(count)).rate)
            theirs.append((await by_loop(loop, site, count)).rate)
    return compare(
        f"crawl at {LATENCY_MS} ms latency, {connections} connections; peer: aiohttp + orjson loop",
        ours,
        theirs,
        unit=" pages/s",
        limit=at_least(share),
    )
