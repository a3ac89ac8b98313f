from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from crawler.jobs.intake import BLOCK_S, Intake
from crawler.jobs.queue import Queue
from crawler.jobs.records import Job, Lane, Outcome
from crawler.links import Target, TargetType

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

CLAIM_S = 0.2


@pytest.fixture
def queue(redis_client: Redis) -> Queue:
    return Queue(redis_client, claim_s=CLAIM_S)


@pytest.fixture
async def intake(queue: Queue) -> AsyncIterator[Intake]:
    async with Intake(queue, slots=4, claim_s=CLAIM_S) as intake:
        yield intake


def videos(count: int, *, start: int = 1) -> list[Target]:
    return [
        Target(type=TargetType.VIDEO, value=str(number)) for number in range(start, start + count)
    ]


async def take(intake: Intake, count: int) -> list[Job]:
    jobs = intake.jobs()
    async with asyncio.timeout(5):
        return [await anext(jobs) for _ in range(count)]


def stored(job: Job) -> Outcome:
    return Outcome(key=job.target.key, video_id=job.target.value)


async def test_never_more_jobs_are_in_hand_than_there_are_slots(
    intake: Intake, queue: Queue
) -> None:
    for target in videos(6):
        await queue.ask(target, flight_s=10)
    await take(intake, 4)
    await asyncio.sleep(0.1)

    assert intake.in_hand == 4
    assert (await queue.depth(Lane.DEMAND)).waiting == 2


async def test_bulk_holds_three_quarters_of_the_slots(intake: Intake, queue: Queue) -> None:
    await queue.add(videos(8), run="run_1")
    await take(intake, 3)
    await asyncio.sleep(0.1)

    assert intake.fetching == 3


async def test_bulk_waits_while_an_on_demand_job_is_in_hand(intake: Intake, queue: Queue) -> None:
    await queue.ask(videos(1)[0], flight_s=10)
    (demanded,) = await take(intake, 1)
    await asyncio.sleep(BLOCK_S + 0.3)
    await queue.add(videos(5, start=100), run="run_1")
    await asyncio.sleep(0.1)
    assert intake.in_hand == 1

    await intake.finish(demanded, stored(demanded))

    assert (await take(intake, 1))[0].lane is Lane.BULK


async def test_a_finished_job_makes_room_for_the_next(intake: Intake, queue: Queue) -> None:
    for target in videos(6):
        await queue.ask(target, flight_s=10)
    first, *_ = await take(intake, 4)

    await intake.finish(first, stored(first))

    assert (await take(intake, 1))[0].target.value == "5"


async def test_an_abandoned_job_is_taken_over(redis_client: Redis, queue: Queue) -> None:
    dead = Queue(redis_client, claim_s=CLAIM_S)
    await dead.ask(videos(1)[0], flight_s=10)
    await dead.prepare()
    await dead.take(Lane.DEMAND, 1, block_s=1)

    async with Intake(queue, slots=4, claim_s=CLAIM_S) as intake:
        (job,) = await take(intake, 1)

    assert job.target.value == "1"
    assert job.tries == 1


async def test_a_job_that_takes_long_is_not_taken_away(
    intake: Intake, redis_client: Redis, queue: Queue
) -> None:
    await queue.ask(videos(1)[0], flight_s=10)
    await take(intake, 1)
    other = Queue(redis_client, claim_s=CLAIM_S)

    for _ in range(4):
        await asyncio.sleep(CLAIM_S)
        assert await other.claim(Lane.DEMAND, 10, held=set()) == []


async def test_closing_waits_for_what_is_in_hand(intake: Intake, queue: Queue) -> None:
    await queue.ask(videos(1)[0], flight_s=10)
    (job,) = await take(intake, 1)
    closing = asyncio.create_task(intake.close(within_s=5))
    await asyncio.sleep(0.05)
    assert not closing.done()

    await intake.finish(job, stored(job))

    assert await closing is True
    assert [job async for job in intake.jobs()] == []


async def test_closing_gives_up_at_the_deadline(intake: Intake, queue: Queue) -> None:
    await queue.ask(videos(1)[0], flight_s=10)
    await take(intake, 1)

    assert await intake.close(within_s=0.05) is False
