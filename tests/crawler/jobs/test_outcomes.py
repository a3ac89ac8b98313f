from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from crawler.errors import Reason
from crawler.jobs.outcomes import Outcomes
from crawler.jobs.queue import STREAMS, Queue, run_key
from crawler.jobs.records import Job, Lane, Outcome
from crawler.links import Target, TargetType

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

VIDEO = Target(type=TargetType.VIDEO, value="7106594312292453675")


@pytest.fixture
async def outcomes(redis_client: Redis) -> AsyncIterator[Outcomes]:
    async with Outcomes(redis_client) as outcomes:
        await outcomes.until_subscribed()
        yield outcomes


async def end(redis: Redis, outcome: Outcome) -> None:
    queue = Queue(redis)
    await queue.prepare()
    await queue.ask(VIDEO, flight_s=10)
    (job,) = await queue.take(Lane.DEMAND, 1, block_s=1)
    await queue.finish(job, outcome)


async def test_all_who_wait_for_a_target_are_told(outcomes: Outcomes, redis_client: Redis) -> None:
    outcome = Outcome(key=VIDEO.key, reason=Reason.CAPTCHA, retry_after_s=60)
    with outcomes.expect(VIDEO.key) as first, outcomes.expect(VIDEO.key) as second:
        await end(redis_client, outcome)

        assert await first.wait(5) == outcome
        assert await second.wait(5) == outcome


async def test_who_waits_for_another_target_is_not_told(
    outcomes: Outcomes, redis_client: Redis
) -> None:
    with outcomes.expect("video:1") as waiter, outcomes.expect(VIDEO.key) as right:
        await end(redis_client, Outcome(key=VIDEO.key, video_id=VIDEO.value))

        assert await right.wait(5) is not None
        assert await waiter.wait(0.05) is None


async def test_the_subscription_is_made_anew_when_the_connection_is_lost(
    outcomes: Outcomes, redis_client: Redis
) -> None:
    await redis_client.client_kill_filter(_type="pubsub", skipme=False)
    await asyncio.sleep(0.05)

    with outcomes.expect(VIDEO.key) as waiter:
        told = None
        while told is None:
            await end(redis_client, Outcome(key=VIDEO.key, video_id=VIDEO.value))
            told = await waiter.wait(0.1)

    assert told.video_id == VIDEO.value


async def test_of_a_crawl_only_what_somebody_waits_for_is_told(
    outcomes: Outcomes, redis_client: Redis
) -> None:
    queue = Queue(redis_client)
    await queue.prepare()
    heard = []
    for lane in (Lane.BULK, Lane.DEMAND):
        job = Job(target=VIDEO, lane=lane, run="crawl_1")
        fields: dict[Any, Any] = dict(job.to_fields())
        await redis_client.xadd(STREAMS[lane], fields)
        (job,) = await queue.take(lane, 1, block_s=1)
        with outcomes.expect(VIDEO.key) as waiter:
            await queue.finish(job, Outcome(key=VIDEO.key, video_id=VIDEO.value))
            heard.append(await waiter.wait(5 if lane is Lane.DEMAND else 0.05))

    assert [outcome is not None for outcome in heard] == [False, True]
    assert await redis_client.xlen(run_key("crawl_1")) == 2
