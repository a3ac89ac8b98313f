from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from crawler.egress.ledger import Ledger, Policy
from crawler.egress.names import DIRECT
from crawler.errors import Reason
from crawler.jobs.intake import BLOCK_S, Intake
from crawler.jobs.outcomes import Outcomes
from crawler.jobs.queue import BarredError, Queue
from crawler.jobs.records import Job, Lane, Outcome
from crawler.links import Target, TargetType
from tests.crawler.egress.gates import a_gate, a_policy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

CLAIM_S = 0.2


@pytest.fixture
def queue(redis_client: Redis) -> Queue:
    return Queue(redis_client, claim_s=CLAIM_S)


@pytest.fixture
async def intake(redis_client: Redis, queue: Queue) -> AsyncIterator[Intake]:
    async with Intake(queue, a_gate(redis_client), slots=4, claim_s=CLAIM_S) as intake:
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

    async with Intake(queue, a_gate(redis_client), slots=4, claim_s=CLAIM_S) as intake:
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


async def shut(redis: Redis, egress: str = DIRECT, *, policy: Policy) -> None:
    """Open the breaker of an egress, as another worker's pages would."""
    ledger = Ledger(redis, policy, worker="another")
    for number in range(policy.blocks):
        await ledger.block(
            egress, [f"video:9{number}"], Reason.CAPTCHA, is_probe=False, postpones=False
        )


async def test_while_the_gate_is_shut_who_waits_is_refused_and_bulk_stays_on_its_stream(
    redis_client: Redis, queue: Queue
) -> None:
    policy = a_policy()
    await shut(redis_client, policy=policy)
    await queue.add(videos(5, start=100), run="run_1")
    gate = a_gate(redis_client, policy=policy)
    async with (
        Outcomes(redis_client) as outcomes,
        Intake(queue, gate, slots=4, claim_s=CLAIM_S) as intake,
    ):
        await outcomes.until_subscribed()
        taking = asyncio.create_task(take(intake, 1))
        with outcomes.expect("video:1") as waiter:
            await queue.ask(videos(1)[0], flight_s=10)
            outcome = await waiter.wait(5)
        taking.cancel()

    assert outcome is not None
    assert outcome.reason is Reason.UPSTREAM_BLOCKED
    assert outcome.retry_after_s is not None
    assert 50 < outcome.retry_after_s < 67
    depth = await queue.depth(Lane.BULK)
    assert (depth.waiting, depth.in_hand, depth.put_off) == (5, 0, 0)


async def test_bulk_jobs_in_hand_are_put_back_when_the_gate_shuts_and_come_again_untried(
    redis_client: Redis, queue: Queue
) -> None:
    policy = a_policy(concurrency=4, first_s=1)
    gate = a_gate(redis_client, policy=policy)
    await queue.add(videos(8, start=100), run="run_1")
    async with Intake(queue, gate, slots=4, claim_s=CLAIM_S) as intake:
        begun = await take(intake, 3)
        await asyncio.sleep(0.1)
        assert intake.in_hand > 3
        for number, job in enumerate(begun * 2):
            await gate.block(
                intake.passage(job), [f"video:9{number}"], Reason.CAPTCHA, postpones=False
            )
        for job in begun:
            await intake.again(job)
        taking = asyncio.create_task(take(intake, 1))
        async with asyncio.timeout(5):
            while (await queue.depth(Lane.BULK)).waiting < 8:
                await asyncio.sleep(0.01)

        (probe,) = await taking

        assert intake.passage(probe).is_probe
        await gate.serve(intake.passage(probe))
        rest = [probe]
        while len(rest) < 8:
            await intake.finish(rest[-1], stored(rest[-1]))
            rest += await take(intake, 1)
        assert {job.tries for job in rest} == {0}
        assert {job.target.value for job in rest} == {str(one) for one in range(100, 108)}


async def test_a_postponed_target_is_put_off_and_others_go_on(
    redis_client: Redis, queue: Queue
) -> None:
    policy = a_policy(first_s=0.5)
    ledger = Ledger(redis_client, policy, worker="another")
    await ledger.block(DIRECT, ["video:100"], Reason.CAPTCHA, is_probe=False, postpones=True)
    gate = a_gate(redis_client, policy=policy)
    await queue.add(videos(3, start=100), run="run_1")
    async with Intake(queue, gate, slots=4, claim_s=CLAIM_S) as intake:
        jobs = []
        for _ in range(3):
            jobs += await take(intake, 1)
            await intake.finish(jobs[-1], stored(jobs[-1]))

    assert [job.target.value for job in jobs] == ["101", "102", "100"]
    assert jobs[-1].tries == 0


async def test_bulk_jobs_that_were_not_begun_are_handed_back_at_the_end(
    redis_client: Redis, queue: Queue
) -> None:
    await queue.add(videos(8, start=100), run="run_1")
    gate = a_gate(redis_client, policy=a_policy(concurrency=4))
    async with Intake(queue, gate, slots=4, claim_s=CLAIM_S) as intake:
        begun = await take(intake, 3)
        await asyncio.sleep(0.1)
        closing = asyncio.create_task(intake.close(within_s=5))
        for job in begun:
            await intake.finish(job, stored(job))

        assert await closing is True

    depth = await queue.depth(Lane.BULK)
    assert (depth.waiting, depth.in_hand) == (5, 0)


async def test_a_target_that_is_never_crawled_ends_before_its_page_is_asked_for(
    redis_client: Redis,
) -> None:
    queue = Queue(redis_client, refuses=lambda target: target.value == "1")
    first, second = videos(2)
    async with (
        Outcomes(redis_client) as outcomes,
        Intake(queue, a_gate(redis_client), slots=4, claim_s=CLAIM_S) as intake,
    ):
        await outcomes.until_subscribed()
        asking = Queue(redis_client)
        with outcomes.expect(first.key) as waiter:
            await asking.ask(first, flight_s=10)
            await asking.ask(second, flight_s=10)
            (job,) = await take(intake, 1)
            outcome = await waiter.wait(5)
        assert job.target == second
        assert outcome == Outcome(key=first.key, reason=Reason.NOT_COLLECTED)
        with pytest.raises(BarredError, match="not_collected"):
            await queue.ask(first, flight_s=10)
