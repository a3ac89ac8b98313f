"""Telling the conductor which items of a crawl's lists are stored: these it delivers."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from crawler.items import Kind
from crawler.jobs.told import tell_items
from crawler.links import TargetType
from services.group_commit import GroupCommit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.asyncio import Redis

    from crawler.jobs.records import Job
    from crawler.jobs.told import Item

_POSTS = frozenset({Kind.VIDEO})
ITEMS_OF: Mapping[TargetType, frozenset[Kind]] = {
    TargetType.USER: _POSTS,
    TargetType.HASHTAG: _POSTS,
    TargetType.MUSIC: _POSTS,
    TargetType.COMMENTS: frozenset({Kind.COMMENT}),
    TargetType.SEARCH: frozenset({Kind.VIDEO, Kind.USER}),
}
"""What is an item of a list; whatever else its pages show is stored and costs nobody anything."""


class Delivering:
    """Tells of stored items, those of one moment together."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._telling: GroupCommit[tuple[str, Item], None] = GroupCommit(self._tell)

    async def tell(self, job: Job | None, kind: Kind, item: str) -> None:
        """Return once the conductor will hear of an item, if it is one of a crawl's list.

        Raises:
            RedisError: it will not.
        """
        if job is not None and job.is_of_crawl and kind in ITEMS_OF.get(job.target.type, ()):
            await self._telling.submit((job.id, (kind, item)))

    async def _tell(self, told: Sequence[tuple[str, Item]]) -> list[None]:
        by_job: dict[str, list[Item]] = defaultdict(list)
        for job, item in told:
            by_job[job].append(item)
        await tell_items(self._redis, list(by_job.items()))
        return [None] * len(told)
