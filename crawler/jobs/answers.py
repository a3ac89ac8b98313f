"""What Redis keeps of finished answers: cache entries, absences, where short links lead."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

from crawler.jobs.records import Lane
from crawler.links import TargetType
from services.scripts import Script, call_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.asyncio import Redis

    from crawler.jobs.records import Job, Outcome
    from crawler.links import Target
    from services.scripts import Call

_put = Script(Path(__file__).with_name("put.lua"))

SHORT_TTL_S = 7 * 24 * 3600
REASON_MARK = "!"
"""Stands before the reason when a short link leads to no post."""


def cache_key(video_id: str) -> str:
    """Where a post's cache entry lies."""
    return f"video:{video_id}"


def short_key(code: str) -> str:
    """Where it is kept to which post a short link leads."""
    return f"short:{code}"


def absence_key(target: Target) -> str:
    """Where it is kept that TikTok has no such user, hashtag or sound, or no list of one."""
    return f"absent:{target.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A cache entry that is to be written."""

    video_id: str
    fields: Mapping[str, str]
    ttl_s: int
    if_there: bool = False
    """Only refresh it: a bulk crawl must not push out what callers ask for."""


def put(entry: Entry) -> Call:
    """The call that writes a cache entry in place of whatever was there."""
    pairs = [part for pair in entry.fields.items() for part in pair]
    arguments = [entry.ttl_s, int(entry.if_there), *pairs]
    return _put, [cache_key(entry.video_id)], arguments


async def keep_outcome(redis: Redis, job: Job, outcome: Outcome) -> None:
    """Remember an absence, and where a short link leads, for as long as each holds."""
    reason = outcome.reason
    ttl_s = reason.policy.absence_ttl_s if reason else None
    if job.target.type is TargetType.SHORT:
        if outcome.video_id is not None:
            await redis.set(short_key(job.target.value), outcome.video_id, ex=SHORT_TTL_S)
        elif reason and ttl_s:
            await redis.set(short_key(job.target.value), REASON_MARK + reason.value, ex=ttl_s)
    elif job.target.type is not TargetType.VIDEO and reason and ttl_s:
        await redis.set(absence_key(job.target), reason.value, ex=ttl_s)
    # An entry is answered 404 and charged, so nothing else becomes one.
    if reason and ttl_s and reason.policy.status == 404 and outcome.video_id is not None:
        entry = Entry(
            video_id=outcome.video_id,
            fields={"reason": reason.value, "observed_at": str(int(time()))},
            ttl_s=ttl_s,
            if_there=job.lane is Lane.BULK,
        )
        await call_all(redis, [put(entry)])
