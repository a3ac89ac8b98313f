"""The backlog of the archive: posts whose files are to be kept, on a sorted set by when.

A worker takes a post by a lease: it is due again when the lease ends, so what a dead worker had in
hand goes to another. A post is on the set once, however often it is crawled meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from services.scripts import Script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from services.scripts import Call

DUE = "archive:due"
TRIES = "archive:tries"

_add, _take, _put_off = (
    Script(Path(__file__).with_name(f"backlog_{name}.lua")) for name in ("add", "take", "put_off")
)


@dataclass(slots=True, kw_only=True)
class Due:
    """A post whose files are to be kept, while it is with a worker."""

    video_id: str
    tries: int
    """How often it was taken, this time included."""
    problems: list[str] = field(default_factory=list)
    """Why files were not kept this time and may be the next; empty when nothing is left to do."""


def due(video_id: str) -> Call:
    """The call that puts a post on the backlog."""
    return _add, [DUE], [video_id]


class Backlog:
    """What workers of the archive do with the set."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def take(self, count: int, *, lease_s: float) -> list[Due]:
        """Up to ``count`` posts that are due now, for as long as ``lease_s``."""
        taken = await _take.call(self._redis, [DUE, TRIES], [count, int(lease_s * 1000)])
        return [Due(video_id=video_id, tries=int(tries)) for video_id, tries in taken]

    async def put_off(self, video_ids: Sequence[str], *, for_s: float) -> None:
        """Have posts that are still on the set due again in ``for_s`` seconds."""
        await _put_off.call(self._redis, [DUE], [int(for_s * 1000), *video_ids])

    async def end(self, video_id: str) -> None:
        """Take a post off the set."""
        async with self._redis.pipeline() as pipeline:
            pipeline.zrem(DUE, video_id)
            pipeline.hdel(TRIES, video_id)
            await pipeline.execute()

    async def size(self) -> int:
        """How many posts are on the set."""
        size: int = await self._redis.zcard(DUE)
        return size
