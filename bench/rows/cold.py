"""An answer that needs a crawl, through the whole API: what we add to the site's own time."""

from __future__ import annotations

import itertools
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp

from bench.callers import business_keys
from bench.ground import links
from bench.table import Row, at_most, bound, percentile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bench.ground import Ground

ASKS = 80
SLOW_ASKS = 2
SLOW_MS = 1000
_CALLERS = 20
_TIKTOK = "https://www.tiktok.com"


class Asker:
    """Asks for new posts, at the site itself and through the API."""

    def __init__(
        self, site: aiohttp.ClientSession, api: aiohttp.ClientSession, keys: list[str]
    ) -> None:
        self._site = site
        self._api = api
        self._keys = itertools.cycle(keys)

    async def added_ms(self) -> float:
        """How much longer the API took than the site."""
        path = links("", 1)[0]
        await self._site_ms(path)  # the site draws a post when it is first asked for it
        return -await self._site_ms(path) + await self.total_ms(path)

    async def total_ms(self, path: str) -> float:
        """What a caller waits for a post that was never crawled."""
        began = time.perf_counter()
        async with self._api.post(
            "/api/v1/video/extract",
            json={"url": _TIKTOK + path},
            headers={"X-API-Key": next(self._keys)},
        ) as answer:
            body = await answer.json()
        spent_ms = (time.perf_counter() - began) * 1000
        assert answer.status == 200, body
        assert body["cached"] is False
        return spent_ms

    async def _site_ms(self, path: str) -> float:
        began = time.perf_counter()
        async with self._site.get(path) as answer:
            await answer.read()
        return (time.perf_counter() - began) * 1000


async def measure(ground: Ground, rounds: int) -> list[Row]:
    """The site and the API in turn, one request at a time."""
    keys = await business_keys(ground, _CALLERS)
    halves: list[float] = []
    tails: list[float] = []
    async with _asker(ground, keys, latency_ms=0) as asker:
        await _added(asker)
        for _ in range(rounds):
            added = await _added(asker)
            halves.append(percentile(added, 0.5))
            tails.append(percentile(added, 0.95))
    async with _asker(ground, keys, latency_ms=SLOW_MS) as asker:
        await asker.total_ms(links("", 1)[0])
        slow = [await asker.total_ms(path) for path in links("", SLOW_ASKS * rounds)]
    what = f"answer with a crawl, beyond the site's own time ({ASKS} a round)"
    return [
        bound(f"{what}, p50", halves, limit=at_most(25, " ms")),
        bound(f"{what}, p95", tails, limit=at_most(60, " ms")),
        bound(
            f"answer with a crawl when the site takes {SLOW_MS / 1000:.0f} s, the slowest",
            [max(slow)],
            limit=at_most(2000, " ms"),
        ),
    ]


async def _added(asker: Asker) -> list[float]:
    return [await asker.added_ms() for _ in range(ASKS)]


@asynccontextmanager
async def _asker(ground: Ground, keys: list[str], *, latency_ms: int) -> AsyncIterator[Asker]:
    async with AsyncExitStack() as stack:
        site = stack.enter_context(ground.site(latency_ms=latency_ms))
        stack.enter_context(ground.worker(site, connections=48))
        api = await stack.enter_async_context(ground.api(site))
        sessions = [
            await stack.enter_async_context(aiohttp.ClientSession(server.url))
            for server in (site, api)
        ]
        yield Asker(sessions[0], sessions[1], keys)
