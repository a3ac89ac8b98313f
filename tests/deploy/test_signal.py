"""The number that workers are scaled by, read as KEDA reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.jobs.queue import GROUP, STREAMS, Queue
from crawler.jobs.records import Lane, Outcome
from crawler.links import Target, TargetType

if TYPE_CHECKING:
    from redis.asyncio import Redis

BULK = STREAMS[Lane.BULK]


async def lag_of(redis: Redis) -> int | None:
    (group,) = (one for one in await redis.xinfo_groups(BULK) if one["name"] == GROUP)
    lag: int | None = group["lag"]
    return lag


async def test_a_streams_length_is_what_waits_and_what_is_in_hand(redis_client: Redis) -> None:
    queue = Queue(redis_client)
    await queue.prepare()
    targets = [Target(type=TargetType.VIDEO, value=str(7_300_000 + one)) for one in range(10)]
    await queue.add(targets, run="run_1")
    assert (await redis_client.xlen(BULK), await lag_of(redis_client)) == (10, 10)

    jobs = await queue.take(Lane.BULK, 4, block_s=0.1)
    assert (await redis_client.xlen(BULK), await lag_of(redis_client)) == (10, 6)

    # The job that was handed out last ends first: Redis no longer knows the group's lag.
    last: Any = jobs[-1]
    await queue.finish(last, Outcome(key=last.target.key, video_id=last.target.value))
    assert (await redis_client.xlen(BULK), await lag_of(redis_client)) == (9, None)
    depth = await queue.depth(Lane.BULK)
    assert (depth.waiting, depth.in_hand) == (6, 3)
