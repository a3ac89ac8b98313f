"""The product's worker, given links through its queue as a bulk crawl gives them."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from bench.ground import new_targets, open_connections
from bench.programs import Effort, cpu_s, resident_mb
from crawler.jobs.queue import Queue, run_key
from crawler.jobs.records import Outcome, new_id
from services import redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

    from bench.ground import Ground, Server

_LOOK_S = 0.02
# For a moment a connection can still be open when another has taken its place.
_SPARE = 1.25


class OurWorker:
    """A running worker whose bulk jobs hold a number of connections."""

    def __init__(self, client: Redis, *, pid: int, site: Server, connections: int) -> None:
        self._redis = client
        self._pid = pid
        self._site = site
        self._connections = connections

    @property
    def resident_mb(self) -> float:
        """Its resident set in megabytes."""
        return resident_mb(self._pid)

    async def crawl(self, count: int) -> Effort:
        """Crawl new posts until each is stored and published; all of them must be."""
        run = new_id("run")
        targets = new_targets(count)
        before = open_connections(self._site)
        cpu, began = cpu_s(self._pid), time.time()
        await Queue(self._redis).add(targets, run=run)
        most = await self._wait(run, count)
        used = cpu_s(self._pid) - cpu
        ended = await self._check(run, count)
        assert most - before <= self._connections * _SPARE, f"{most - before} connections"
        return Effort(count=count, wall_s=ended - began, cpu_s=used)

    async def _wait(self, run: str, count: int) -> int:
        most = 0
        while await self._redis.xlen(run_key(run)) < count:
            most = max(most, open_connections(self._site))
            await asyncio.sleep(_LOOK_S)
        return most

    async def _check(self, run: str, count: int) -> float:
        """When the last outcome came, in Unix seconds."""
        entries: Any = await self._redis.xrange(run_key(run))
        outcomes = [Outcome.from_json(fields["outcome"]) for _, fields in entries]
        stored = {outcome.video_id for outcome in outcomes if outcome.reason is None}
        assert len(stored) == count, f"{len(stored)} of {count} were stored"
        return int(entries[-1][0].split("-")[0]) / 1000


@asynccontextmanager
async def our_worker(
    ground: Ground, site: Server, *, connections: int, **more: str
) -> AsyncIterator[OurWorker]:
    """Run a worker on the ground's databases, with more of its settings."""
    async with redis.connect(ground.redis_url) as client:
        with ground.worker(site, connections=connections, **more) as pid:
            yield OurWorker(client, pid=pid, site=site, connections=connections)
