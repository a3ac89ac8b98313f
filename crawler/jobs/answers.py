"""What Redis keeps of finished answers: cache entries, absences, where short links lead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.links import TargetType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.asyncio import Redis

    from crawler.jobs.records import Job, Outcome

SHORT_TTL_S = 7 * 24 * 3600
REASON_MARK = "!"
"""Stands before the reason when a short link leads to no post."""


def cache_key(video_id: str) -> str:
    """Where a post's cache entry lies."""
    return f"video:{video_id}"


def short_key(code: str) -> str:
    """Where it is kept to which post a short link leads."""
    return f"short:{code}"


async def put(
    redis: Redis, video_id: str, fields: Mapping[str, str], *, ttl_s: int, if_there: bool = False
) -> None:
    """Write a post's cache entry in place of whatever was there.

    With ``if_there`` an entry is only refreshed, never made: a bulk crawl must not push out what
    callers ask for.
    """
    key = cache_key(video_id)
    if if_there and not await redis.exists(key):
        return
    pipeline = redis.pipeline()
    pipeline.delete(key)
    pipeline.hset(key, mapping=dict[Any, Any](fields))
    pipeline.expire(key, ttl_s)
    await pipeline.execute()


async def keep_outcome(redis: Redis, job: Job, outcome: Outcome) -> None:
    """Remember an absence, and where a short link leads, for as long as each holds."""
    reason = outcome.reason
    ttl_s = reason.policy.absence_ttl_s if reason else None
    if job.target.type is TargetType.SHORT:
        if outcome.video_id is not None:
            await redis.set(short_key(job.target.value), outcome.video_id, ex=SHORT_TTL_S)
        elif reason and ttl_s:
            await redis.set(short_key(job.target.value), REASON_MARK + reason.value, ex=ttl_s)
    if reason and ttl_s and outcome.video_id is not None:
        is_bulk = job.run is not None
        entry = {"reason": reason.value}
        await put(redis, outcome.video_id, entry, ttl_s=ttl_s, if_there=is_bulk)
