"""What the active conductor tells of itself, for whoever watches."""

from __future__ import annotations

import os
import socket
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis

    from crawler.jobs.conducting.running import Running

ALIVE_S = 15
"""How long a conductor counts as there after it last said so; it does every two seconds."""
_CONDUCTOR = "conductor"
_DELIVERED = "crawls:delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductorState:
    """The active conductor at one time."""

    host: str
    pid: int
    since: float
    """Unix seconds at which it took over."""
    queued: int
    """Crawls of which nothing has begun."""
    running: int
    flying: int
    """Targets that are on the queue, with a worker, or wait for another that is."""

    @classmethod
    def of(cls, running: Iterable[Running], *, since: float) -> ConductorState:
        """The state of this process, which conducts these crawls."""
        crawls = list(running)
        states = Counter(bool(one.started_at) for one in crawls)
        return cls(
            host=socket.gethostname(),
            pid=os.getpid(),
            since=since,
            queued=states[False],
            running=states[True],
            flying=sum(len(one.flying) for one in crawls),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Conducting:
    """What is known of the conducting of crawls."""

    conductor: ConductorState | None = None
    """None where no conductor is there."""
    delivered: int = 0
    """Items that were delivered; only grows, while Redis keeps its data."""


NOTHING_KNOWN = Conducting()


async def tell_of(redis: Redis, state: ConductorState) -> None:
    """Say that a conductor is there.

    Raises:
        RedisError: it could not be told.
    """
    await redis.set(_CONDUCTOR, orjson.dumps(asdict(state)), ex=ALIVE_S)


async def count_delivered(redis: Redis, count: int) -> None:
    """Count items that were delivered.

    Raises:
        RedisError: they may be counted or not.
    """
    await redis.incrby(_DELIVERED, count)


async def read_conducting(redis: Redis) -> Conducting:
    """What is known at the moment.

    Raises:
        RedisError: Redis does not answer.
    """
    told: Any = await redis.mget(_CONDUCTOR, _DELIVERED)
    return Conducting(
        conductor=ConductorState(**orjson.loads(told[0])) if told[0] else None,
        delivered=int(told[1] or 0),
    )
