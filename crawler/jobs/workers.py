"""What workers tell of themselves, for whoever watches: who is there, and what all have counted."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from time import time
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.asyncio import Redis

ALIVE_S = 15
"""How long a worker counts as there after it last said so."""
_WORKERS = "workers"
_BROWSERS = "workers:browser"
_COUNTED = "workers:counted"


class WorkerKind(StrEnum):
    """What a worker works on."""

    CRAWL = "crawl"
    BROWSER = "browser"
    ARCHIVE = "archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    """One worker at one time."""

    id: str
    """The name under which it holds its jobs; another one after each start."""
    host: str
    pid: int
    started_at: float
    """Unix seconds."""
    memory_bytes: int
    in_hand: int
    """Jobs that it has taken and not ended."""
    fetching: int
    """Those of them whose pages are being fetched."""
    kind: WorkerKind = WorkerKind.CRAWL
    told_at: float = 0.0
    """Unix seconds at which it told this; it tells each second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What all workers have told."""

    workers: tuple[WorkerState, ...]
    """Those that are there now."""
    counted: Mapping[str, int]
    """Scrapy's stats by their names, summed over all workers that there ever were."""


class Workers:
    """The place where workers tell of themselves; on Redis, so they may be anywhere."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def tell(self, state: WorkerState, increments: Mapping[str, int]) -> None:
        """Say that a worker is there, and add what it has counted since it last told.

        The sums only grow, whichever workers come and go. When the answer to this gets lost, the
        worker cannot know whether it was added, and may add it twice.

        Raises:
            RedisError: it could not be told.
        """
        now = time()
        pipeline = self._redis.pipeline(transaction=True)
        for name, increment in increments.items():
            pipeline.hincrby(_COUNTED, name, increment)
        pipeline.set(_key(state.id), orjson.dumps(asdict(state)), ex=ALIVE_S)
        pipeline.zadd(_WORKERS, {state.id: now})
        pipeline.zremrangebyscore(_WORKERS, "-inf", now - 2 * ALIVE_S)
        if state.kind is WorkerKind.BROWSER:
            pipeline.zadd(_BROWSERS, {state.id: now})
            pipeline.zremrangebyscore(_BROWSERS, "-inf", now - 2 * ALIVE_S)
        await pipeline.execute()

    async def leave(self, worker_id: str) -> None:
        """Say that a worker ends.

        Raises:
            RedisError: it could not be told; the worker is forgotten after a while all the same.
        """
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.delete(_key(worker_id))
        pipeline.zrem(_WORKERS, worker_id)
        pipeline.zrem(_BROWSERS, worker_id)
        await pipeline.execute()

    async def has_browser(self) -> bool:
        """Whether a worker with a browser is there.

        Raises:
            RedisError: Redis does not answer.
        """
        ids: Any = await self._redis.zrange(_BROWSERS, 0, -1)
        return bool(ids) and bool(await self._redis.exists(*map(_key, ids)))

    async def read(self) -> Told:
        """What is known at the moment.

        Raises:
            RedisError: Redis does not answer.
        """
        ids: Any = await self._redis.zrange(_WORKERS, 0, -1)
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.hgetall(_COUNTED)
        for worker_id in ids:
            pipeline.get(_key(worker_id))
        counted, *states = await pipeline.execute()
        return Told(
            workers=tuple(_state(state) for state in states if state),
            counted={name: int(count) for name, count in counted.items()},
        )


def _state(text: str) -> WorkerState:
    fields = orjson.loads(text)
    return WorkerState(**fields | {"kind": WorkerKind(fields.get("kind", WorkerKind.CRAWL))})


def _key(worker_id: str) -> str:
    return f"worker:{worker_id}"
