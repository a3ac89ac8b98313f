from __future__ import annotations

import asyncio
from dataclasses import replace
from time import time
from typing import TYPE_CHECKING, Any

import pytest

from crawler.egress.ledger import Ledger
from crawler.errors import Reason
from crawler.jobs import answers
from crawler.jobs.letters import Letters
from crawler.jobs.queue import BROWSER_STREAMS, DEAD_LETTERS, STREAMS, BarredError, Queue
from crawler.jobs.records import Fetcher, Job, Lane, Outcome
from crawler.jobs.workers import WorkerKind, Workers, WorkerState
from crawler.links import Target, TargetType
from tests.crawler.egress.gates import a_policy

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from crawler.jobs.crawls import Crawls

VIDEO = Target(type=TargetType.VIDEO, value="7106594312292453675", username="someone")
SHORT = Target(type=TargetType.SHORT, value="ZMexample1")
PROFILE = Target(type=TargetType.USER, value="someone")
CLAIM_S = 0.05


@pytest.fixture
async def queue(redis_client: Redis) -> Queue:
    queue = Queue(redis_client, consumer="first", claim_s=CLAIM_S)
    await queue.prepare()
    return queue


async def take_one(queue: Queue, lane: Lane = Lane.DEMAND) -> Job:
    (job,) = await queue.take(lane, 10, block_s=1)
    return job


async def only_dead_letter(redis_client: Redis) -> dict[Any, Any]:
    letters: Any = await redis_client.xrange(DEAD_LETTERS)
    ((_, letter),) = letters
    return dict(letter)


async def test_a_job_arrives_as_it_was_asked_for(queue: Queue) -> None:
    await queue.ask(VIDEO, flight_s=10)

    job = await take_one(queue)

    assert job.target == VIDEO
    assert job.lane is Lane.DEMAND
    assert job.run is None


async def test_twenty_who_ask_at_once_share_one_job(queue: Queue) -> None:
    await asyncio.gather(*(queue.ask(VIDEO, flight_s=10) for _ in range(20)))

    assert len(await queue.take(Lane.DEMAND, 100, block_s=0.1)) == 1


async def test_a_finished_target_can_be_asked_for_again(queue: Queue) -> None:
    await queue.ask(VIDEO, flight_s=10)
    await queue.finish(await take_one(queue), Outcome(key=VIDEO.key, video_id=VIDEO.value))

    await queue.ask(VIDEO, flight_s=10)

    assert (await take_one(queue)).target == VIDEO


async def test_a_job_ends_once_even_when_two_workers_finish_it(
    queue: Queue, redis_client: Redis
) -> None:
    await queue.ask(VIDEO, flight_s=10)
    job = await take_one(queue)
    await asyncio.sleep(CLAIM_S * 1.5)
    second = Queue(redis_client, consumer="second", claim_s=CLAIM_S)
    (claimed,) = await second.claim(Lane.DEMAND, 10, held=set())
    outcome = Outcome(key=VIDEO.key, video_id=VIDEO.value)

    assert await second.finish(claimed, outcome) is True
    assert await queue.finish(job, outcome) is False


async def test_a_job_that_is_renewed_is_not_claimed(queue: Queue, redis_client: Redis) -> None:
    claim_s = 0.4  # long enough for a busy machine to renew in time
    second = Queue(redis_client, consumer="second", claim_s=claim_s)
    await queue.ask(VIDEO, flight_s=10)
    job = await take_one(queue)
    for _ in range(4):
        await asyncio.sleep(claim_s / 3)
        await queue.renew([job])
        assert await second.claim(Lane.DEMAND, 10, held=set()) == []


async def test_a_worker_never_claims_what_it_has_in_hand(queue: Queue) -> None:
    await queue.ask(VIDEO, flight_s=10)
    job = await take_one(queue)
    await asyncio.sleep(CLAIM_S * 1.5)

    assert await queue.claim(Lane.DEMAND, 10, held={job.entry_id}) == []


async def test_a_job_whose_workers_keep_dying_becomes_a_dead_letter(
    queue: Queue, redis_client: Redis
) -> None:
    await queue.ask(VIDEO, flight_s=10)
    await take_one(queue)
    for tries in (1, 2):
        await asyncio.sleep(CLAIM_S * 1.5)
        (job,) = await queue.claim(Lane.DEMAND, 10, held=set())
        assert job.tries == tries
    await asyncio.sleep(CLAIM_S * 1.5)

    assert await queue.claim(Lane.DEMAND, 10, held=set()) == []
    letter = await only_dead_letter(redis_client)
    assert letter["value"] == VIDEO.value
    assert letter["reason"] == "crawl_failed"
    assert await redis_client.xlen(STREAMS[Lane.DEMAND]) == 0


async def test_a_failing_job_is_handed_out_three_times_and_then_buried_with_its_reason(
    queue: Queue, redis_client: Redis
) -> None:
    await queue.ask(VIDEO, flight_s=10)
    error = Outcome(key=VIDEO.key, reason=Reason.UPSTREAM_ERROR, upstream_message="502")

    ended = [await queue.fail(await take_one(queue), error) for _ in range(3)]

    assert ended == [False, False, True]
    letter = await only_dead_letter(redis_client)
    assert (letter["reason"], letter["message"]) == ("upstream_error", "502")


async def test_a_bulk_job_waits_between_its_tries_twice_as_long_each_time(
    redis_client: Redis,
) -> None:
    queue = Queue(redis_client, pause_s=100)
    await queue.prepare()
    await queue.put([Job(target=VIDEO, lane=Lane.BULK, run="run_1")])
    failed = Outcome(key=VIDEO.key, reason=Reason.UPSTREAM_ERROR)
    waits = []

    for _ in range(2):
        job = await take_one(queue, Lane.BULK)
        assert not await queue.fail(job, failed)
        assert await queue.bring_back() == 0
        found: Any = await redis_client.zrange("jobs:put-off", 0, -1, withscores=True)
        ((entry, until_ms),) = found
        seconds, _ = await redis_client.time()
        waits.append(round(until_ms / 1000 - int(seconds), -1))
        await redis_client.zadd("jobs:put-off", {str(entry): 0})
        assert await queue.bring_back() == 1

    assert waits == [100, 200]
    assert await queue.fail(await take_one(queue, Lane.BULK), failed)


async def test_a_soft_block_is_tried_twice_only(queue: Queue) -> None:
    await queue.ask(VIDEO, flight_s=10)
    block = Outcome(key=VIDEO.key, reason=Reason.UPSTREAM_BLOCKED)

    assert [await queue.fail(await take_one(queue), block) for _ in range(2)] == [False, True]


async def test_an_entry_that_is_no_job_goes_to_the_dead_letters(
    queue: Queue, redis_client: Redis
) -> None:
    await redis_client.xadd(STREAMS[Lane.BULK], {"type": "nonsense"})

    assert await queue.take(Lane.BULK, 10, block_s=0.1) == []
    letter = await only_dead_letter(redis_client)
    assert letter["reason"] == "unreadable"
    assert (await queue.depth(Lane.BULK)).in_hand == 0


async def test_the_outcomes_of_a_run_come_as_its_jobs_end(queue: Queue) -> None:
    targets = [Target(type=TargetType.VIDEO, value=str(number)) for number in range(700)]
    assert await queue.add(targets, run="run_1") == 700
    for job in await queue.take(Lane.BULK, 1000, block_s=1):
        await queue.finish(job, Outcome(key=job.target.key, video_id=job.target.value))

    outcomes = [outcome.video_id async for outcome in queue.outcomes("run_1", count=700)]

    assert outcomes == [str(number) for number in range(700)]


async def test_an_absence_is_remembered_for_as_long_as_its_reason_says(
    queue: Queue, redis_client: Redis
) -> None:
    await queue.ask(VIDEO, flight_s=10)
    gone = Outcome(key=VIDEO.key, video_id=VIDEO.value, reason=Reason.VIDEO_PRIVATE)

    await queue.finish(await take_one(queue), gone)

    key = answers.cache_key(VIDEO.value)
    entry = await redis_client.hgetall(key)
    assert entry.keys() == {"reason", "observed_at"}
    assert entry["reason"] == "video_private"
    assert abs(time() - int(entry["observed_at"])) < 5
    assert 3590 <= await redis_client.ttl(key) <= 3600


async def test_a_bulk_job_makes_no_cache_entry_for_an_absence(
    queue: Queue, redis_client: Redis
) -> None:
    await queue.add([VIDEO], run="run_1")
    gone = Outcome(key=VIDEO.key, video_id=VIDEO.value, reason=Reason.VIDEO_DELETED)

    await queue.finish(await take_one(queue, Lane.BULK), gone)

    assert not await redis_client.exists(answers.cache_key(VIDEO.value))


async def test_where_a_short_link_leads_is_remembered(queue: Queue, redis_client: Redis) -> None:
    await queue.ask(SHORT, flight_s=10)

    await queue.finish(await take_one(queue), Outcome(key=SHORT.key, video_id=VIDEO.value))

    assert await redis_client.get(answers.short_key(SHORT.value)) == VIDEO.value


async def test_a_dead_short_link_is_remembered_by_its_reason(
    queue: Queue, redis_client: Redis
) -> None:
    await queue.ask(SHORT, flight_s=10)

    await queue.finish(await take_one(queue), Outcome(key=SHORT.key, reason=Reason.SHORT_LINK_DEAD))

    assert await redis_client.get(answers.short_key(SHORT.value)) == "!short_link_dead"


async def test_the_queue_goes_on_when_redis_has_lost_everything(
    queue: Queue, redis_client: Redis
) -> None:
    await redis_client.flushall()
    await queue.ask(VIDEO, flight_s=10)

    assert await queue.take(Lane.DEMAND, 10, block_s=0.1) == []
    assert (await take_one(queue)).target == VIDEO


async def test_depth_counts_what_waits_and_what_is_in_hand(queue: Queue) -> None:
    await queue.add([VIDEO, SHORT], run="run_1")
    await queue.take(Lane.BULK, 1, block_s=1)

    depth = await queue.depth(Lane.BULK)

    assert (depth.waiting, depth.in_hand) == (1, 1)
    assert depth.oldest_s is not None
    assert 0 <= depth.oldest_s < 60


async def test_what_has_just_been_crawled_is_not_asked_for_again(
    redis_client: Redis, queue: Queue
) -> None:
    await redis_client.hset("video:1", "observed_at", "1000")

    assert await queue.ask(VIDEO, flight_s=10, entry_key="video:1")
    assert await queue.ask(VIDEO, flight_s=10, entry_key="video:1", since=999.5)
    assert await redis_client.xlen(STREAMS[Lane.DEMAND]) == 0
    assert not await queue.ask(VIDEO, flight_s=10, entry_key="video:2")
    assert await redis_client.xlen(STREAMS[Lane.DEMAND]) == 1


async def test_a_postponed_target_is_not_asked_for_until_its_time(
    redis_client: Redis, queue: Queue
) -> None:
    ledger = Ledger(redis_client, a_policy(), worker="worker_1")
    await ledger.block(
        "direct", [VIDEO.key], Reason.CAPTCHA, is_probe=False, postpones=True, named_s=30
    )

    with pytest.raises(BarredError) as barred:
        await queue.ask(VIDEO, flight_s=10)

    assert (barred.value.reason, barred.value.retry_after_s) == (Reason.CAPTCHA, 30)
    await queue.ask(SHORT, flight_s=10)
    assert await redis_client.xlen(STREAMS[Lane.DEMAND]) == 1


async def test_nothing_is_asked_while_all_breakers_are_open(redis_client: Redis) -> None:
    ledger = Ledger(redis_client, a_policy(blocks=1, first_s=60), worker="worker_1")
    queue = Queue(redis_client, egresses=("one:80", "two:80"))
    for egress in ("one:80", "two:80"):
        await queue.ask(Target(type=TargetType.VIDEO, value=egress), flight_s=10)
        await ledger.block(egress, ["video:1"], Reason.CAPTCHA, is_probe=False, postpones=False)

    with pytest.raises(BarredError) as barred:
        await queue.ask(VIDEO, flight_s=10)
    assert barred.value.reason is Reason.UPSTREAM_BLOCKED
    assert 50 < barred.value.retry_after_s < 67

    await ledger.serve("two:80")
    await queue.ask(VIDEO, flight_s=10)
    assert await redis_client.xlen(STREAMS[Lane.DEMAND]) == 3


async def test_a_job_that_was_put_off_comes_back_with_all_it_had(
    queue: Queue, redis_client: Redis
) -> None:
    await queue.add([VIDEO], run="run_1")
    job = await take_one(queue, Lane.BULK)
    await queue.put_off(job, 0.05)
    assert (await queue.depth(Lane.BULK)).put_off == 1
    assert await queue.bring_back() == 0
    await asyncio.sleep(0.06)

    assert await queue.bring_back() == 1

    back = await take_one(queue, Lane.BULK)
    assert (back.id, back.target, back.run, back.tries) == (job.id, VIDEO, "run_1", 0)
    assert (await queue.depth(Lane.BULK)).put_off == 0


async def test_a_job_that_another_has_ended_is_not_put_off(queue: Queue) -> None:
    await queue.add([VIDEO], run="run_1")
    job = await take_one(queue, Lane.BULK)
    await queue.finish(job, Outcome(key=VIDEO.key, video_id=VIDEO.value))

    await queue.put_off(job, 60)

    assert (await queue.depth(Lane.BULK)).put_off == 0


async def test_a_job_that_waits_between_its_tries_has_all_of_them(
    queue: Queue, redis_client: Redis
) -> None:
    await queue.add([VIDEO], run="run_1")
    wall = Outcome(key=VIDEO.key, reason=Reason.CAPTCHA)
    ended = []
    for _ in range(3):
        ended.append(await queue.fail(await take_one(queue, Lane.BULK), wall, delay_s=0.001))
        await asyncio.sleep(0.01)
        await queue.bring_back()

    assert ended == [False, False, True]
    assert (await only_dead_letter(redis_client))["reason"] == "captcha"


@pytest.fixture
async def browser_queue(redis_client: Redis) -> Queue:
    queue = Queue(redis_client, consumer="browser", claim_s=CLAIM_S, fetcher=Fetcher.BROWSER)
    await queue.prepare()
    return queue


def a_browser_worker(name: str) -> WorkerState:
    return WorkerState(
        id=name,
        host="here",
        pid=7,
        started_at=5.0,
        memory_bytes=1000,
        in_hand=0,
        fetching=0,
        kind=WorkerKind.BROWSER,
    )


async def test_each_fetcher_takes_its_own_jobs(queue: Queue, browser_queue: Queue) -> None:
    await queue.add([VIDEO, PROFILE], run="run_1")

    assert (await take_one(queue, Lane.BULK)).target == VIDEO
    assert (await take_one(browser_queue, Lane.BULK)).target == PROFILE


async def test_a_browser_s_job_is_renewed_claimed_and_put_off_on_its_own_stream(
    queue: Queue, browser_queue: Queue
) -> None:
    await queue.add([PROFILE], run="run_1")
    await browser_queue.take(Lane.BULK, 1, block_s=1)
    await asyncio.sleep(CLAIM_S * 1.5)

    assert await queue.claim(Lane.BULK, 10, held=set()) == []
    (job,) = await browser_queue.claim(Lane.BULK, 10, held=set())
    await browser_queue.put_off(job, 0.01)
    await asyncio.sleep(0.02)
    assert await queue.bring_back() == 0
    assert (await queue.depth(Lane.BULK)).put_off == 0
    assert (await browser_queue.depth(Lane.BULK)).put_off == 1
    assert await browser_queue.bring_back() == 1
    await browser_queue.again(await take_one(browser_queue, Lane.BULK))
    assert (await take_one(browser_queue, Lane.BULK)).target == PROFILE


async def test_a_plain_page_can_be_given_to_the_browser_with_all_its_job_had(
    queue: Queue, browser_queue: Queue
) -> None:
    await queue.ask(VIDEO, flight_s=10)
    job = await take_one(queue)

    await queue.to_browser(job)

    moved = await take_one(browser_queue)
    assert (moved.id, moved.target, moved.tries, moved.in_browser) == (job.id, VIDEO, 0, True)
    assert (await queue.depth(Lane.DEMAND)).in_hand == 0


async def test_the_dead_letters_of_each_fetcher_are_counted(
    queue: Queue, browser_queue: Queue, redis_client: Redis, crawls: Crawls
) -> None:
    await queue.add([PROFILE], run="run_1")
    await redis_client.xadd(BROWSER_STREAMS[Lane.DEMAND], {"type": "nonsense"})
    await browser_queue.take(Lane.DEMAND, 1, block_s=0.1)
    job = await take_one(browser_queue, Lane.BULK)
    await browser_queue.fail(job, Outcome(key=PROFILE.key, reason=Reason.CAPTCHA))

    counts = await Letters(redis_client, crawls).counts()
    assert counts == {("browser", "demand"): 1, ("browser", "bulk"): 1}


async def test_a_list_is_refused_at_once_while_no_browser_is_there(
    queue: Queue, browser_queue: Queue, redis_client: Redis
) -> None:
    workers = Workers(redis_client)
    with pytest.raises(BarredError) as barred:
        await queue.ask(PROFILE, flight_s=10)
    assert barred.value.reason is Reason.BROWSER_UNAVAILABLE

    await workers.tell(a_browser_worker("worker_1"), {})
    await queue.ask(PROFILE, flight_s=10)
    assert (await take_one(browser_queue)).target == PROFILE

    await workers.leave("worker_1")
    with pytest.raises(BarredError):
        await queue.ask(PROFILE, flight_s=10)


async def test_a_worker_without_a_browser_is_none_for_lists(redis_client: Redis) -> None:
    workers = Workers(redis_client)
    plain = replace(a_browser_worker("worker_1"), kind=WorkerKind.CRAWL)

    await workers.tell(plain, {})

    assert not await workers.has_browser()
    assert [one.kind for one in (await workers.read()).workers] == [WorkerKind.CRAWL]


@pytest.mark.parametrize(
    ("reason", "is_kept"), [(Reason.USER_NOT_FOUND, True), (Reason.CAPTCHA, False)]
)
async def test_the_absence_of_a_user_is_kept_for_its_time(
    queue: Queue, redis_client: Redis, reason: Reason, is_kept: bool
) -> None:
    target = Target(type=TargetType.USER_HEADER, value="someone")
    await queue.ask(target, flight_s=10)
    await queue.finish(await take_one(queue), Outcome(key=target.key, reason=reason))

    key = answers.absence_key(target)
    assert await redis_client.get(key) == (reason.value if is_kept else None)
    assert (await redis_client.ttl(key) > 86_390) == is_kept
