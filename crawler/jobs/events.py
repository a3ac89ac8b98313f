"""Events of a crawl: what its watchers are told while it runs, on a stream that can be resumed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from redis.asyncio import Redis

KEPT = 1000
"""How many events of a crawl are kept, or a few more."""
KEPT_S = 24 * 3600
"""How long they are kept after the last one."""
_AT_ONCE = 100


class EventType(StrEnum):
    """What an event tells."""

    PROGRESS = "progress"
    """The crawl's state, counts, verdicts, rate and eta."""
    TARGET = "target"
    """The outcome of a target."""
    END = "end"
    """The crawl has ended; nothing follows, unless it is retried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event."""

    id: str
    """By which reading goes on behind it."""
    type: EventType
    data: str
    """JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """An event that is to be told."""

    crawl: str
    type: EventType
    data: Mapping[str, Any]


def events_key(crawl_id: str) -> str:
    """The stream of a crawl's events."""
    return f"crawl:{crawl_id}:events"


class Events:
    """The events of all crawls."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def tell(self, news: Iterable[News]) -> None:
        """Tell whoever watches.

        Raises:
            RedisError: Redis does not answer.
        """
        pipeline = self._redis.pipeline(transaction=False)
        keys = set()
        for one in news:
            key = events_key(one.crawl)
            data = orjson.dumps(one.data, option=orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS)
            fields: dict[Any, Any] = {"type": one.type.value, "data": data.decode()}
            pipeline.xadd(key, fields, maxlen=KEPT, approximate=True)
            keys.add(key)
        for key in keys:
            pipeline.expire(key, KEPT_S)
        await pipeline.execute()

    async def read(
        self, crawl_id: str, after: str | None = None, block_s: float = 0
    ) -> list[Event]:
        """The next events of a crawl, those behind ``after``; all that are kept when it is None.

        When there are none, they are waited for ``block_s``: none at all is the answer then. Events
        older than those that are kept are left out.

        Raises:
            RedisError: Redis does not answer.
        """
        answer: Any = await self._redis.xread(
            {events_key(crawl_id): after or "0"},
            count=_AT_ONCE,
            block=int(block_s * 1000) if block_s else None,
        )
        streams = answer.items() if isinstance(answer, dict) else answer or ()
        return [_event(*entry) for _, entries in streams for entry in entries]

    async def last(self, crawl_id: str) -> Event | None:
        """The last event of a crawl.

        Raises:
            RedisError: Redis does not answer.
        """
        entries: Any = await self._redis.xrevrange(events_key(crawl_id), count=1)
        return _event(*entries[0]) if entries else None


def _event(entry_id: str, fields: dict[str, str]) -> Event:
    return Event(id=entry_id, type=EventType(fields["type"]), data=fields["data"])
