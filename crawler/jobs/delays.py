"""Bulk jobs that wait for their time: off their stream, so that no worker has them in hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from crawler.egress.states import postponement_key
from services.scripts import Script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from crawler.jobs.records import Job

_AT_ONCE = 200

_put_off, _bring_back = (
    Script(Path(__file__).with_name(f"{name}.lua")) for name in ("put_off", "bring_back")
)


def put_off_key(stream: str) -> str:
    """Where the jobs wait that are off this stream."""
    return f"{stream.rpartition(':')[0]}:put-off"


async def put_off(redis: Redis, job: Job, delay_s: float, *, stream: str, group: str) -> bool:
    """Take a job off its stream for that long; False when another worker has ended it already."""
    fields = [part for pair in job.to_fields().items() for part in pair]
    arguments = [group, job.entry_id, int(delay_s * 1000), orjson.dumps(fields).decode()]
    return bool(await _put_off.call(redis, [stream, put_off_key(stream)], arguments))


async def bring_back(redis: Redis, *, stream: str) -> int:
    """Put the jobs whose time has come back on their stream, and answer how many they were."""
    return int(await _bring_back.call(redis, [put_off_key(stream), stream], [_AT_ONCE]))


async def waits_of(redis: Redis, jobs: Sequence[Job]) -> list[float]:
    """For how many seconds more each job's target is postponed; 0 when it is not."""
    pipeline = redis.pipeline(transaction=False)
    pipeline.time()
    for job in jobs:
        pipeline.hget(postponement_key(job.target.key), "until")
    (seconds, microseconds), *found = await pipeline.execute()
    now_ms = seconds * 1000 + microseconds / 1000
    return [_left_s(until, now_ms) for until in found]


def _left_s(until: Any, now_ms: float) -> float:
    return max(0.0, int(until or 0) - now_ms) / 1000
