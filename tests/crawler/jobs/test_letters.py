from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from crawler.errors import Reason
from crawler.jobs.collections import CRAWL_JOBS, CRAWL_TARGETS
from crawler.jobs.crawl import CrawlState, TargetState, target_id
from crawler.jobs.letters import Letter, Letters, Wanted
from crawler.jobs.queue import DEAD_LETTERS, STREAMS, Queue
from crawler.jobs.records import Fetcher, Job, Lane, Outcome
from crawler.links import Target, TargetType

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from crawler.jobs.crawls import Crawls
    from services.mongodb import Document

MARA = Target(type=TargetType.USER, value="mara")


def video(number: int) -> Target:
    return Target(type=TargetType.VIDEO, value=str(7_300_000_000_000_000_001 + number))


async def bury(queue: Queue, job: Job, reason: Reason = Reason.CAPTCHA) -> None:
    """Have a job given up."""
    await queue.put([job])
    (taken,) = await queue.take(job.lane, 1, block_s=1)
    outcome = Outcome(key=job.target.key, reason=reason, upstream_message="words")
    assert await queue.fail(taken, outcome)


def a_job(number: int, lane: Lane = Lane.BULK, run: str | None = None) -> Job:
    return Job(target=video(number), lane=lane, run=run, account="acc_1")


@pytest.fixture
async def queue(redis_client: Redis) -> Queue:
    queue = Queue(redis_client, consumer="worker", tries=1)
    await queue.prepare()
    return queue


@pytest.fixture
def letters(redis_client: Redis, crawls: Crawls) -> Letters:
    return Letters(redis_client, crawls)


async def all_of(letters: Letters) -> list[Letter]:
    return [one async for one in letters.all()]


async def taken(queue: Queue, lane: Lane = Lane.BULK) -> list[Job]:
    return await queue.take(lane, 10, block_s=0.05)


async def test_letters_are_listed_newest_first_with_what_became_of_them(
    queue: Queue, letters: Letters
) -> None:
    await bury(queue, a_job(1, Lane.DEMAND), Reason.TIMEOUT)
    await bury(queue, a_job(2), Reason.CAPTCHA)

    newest, oldest = await all_of(letters)

    assert (newest.place, oldest.place) == (("http", "bulk"), ("http", "demand"))
    assert (newest.reason, oldest.reason) == ("captcha", "timeout")
    assert (newest.target, newest.message) == (video(2).key, "words")
    assert abs((datetime.now(UTC) - newest.at).total_seconds()) < 60
    assert await letters.newest(Wanted(), limit=1) == [newest]
    assert await letters.newest(Wanted(lane=Lane.DEMAND), limit=9) == [oldest]
    assert await letters.newest(Wanted(reason="captcha"), limit=9) == [newest]
    assert await letters.newest(Wanted(fetcher=Fetcher.BROWSER), limit=9) == []


async def test_more_letters_than_are_read_at_once_are_all_seen(
    redis_client: Redis, letters: Letters
) -> None:
    pipeline = redis_client.pipeline()
    for number in range(1203):
        pipeline.xadd(DEAD_LETTERS, {"lane": "bulk", "number": str(number)})
    await pipeline.execute()

    seen = [int(one.fields["number"]) for one in await all_of(letters)]

    assert seen == list(reversed(range(1203)))


async def test_a_letter_goes_back_on_its_stream_as_if_it_had_not_been_tried(
    queue: Queue, letters: Letters
) -> None:
    before = a_job(1, Lane.DEMAND)
    await bury(queue, before)

    redriven = await letters.redrive(await all_of(letters))

    assert (len(redriven.back), redriven.refused) == (1, {})
    assert await all_of(letters) == []
    (job,) = await taken(queue, Lane.DEMAND)
    job.entry_id = ""
    assert job == before
    assert await taken(queue) == []


async def test_a_list_goes_back_to_the_browsers(redis_client: Redis, letters: Letters) -> None:
    browser = Queue(redis_client, consumer="browser", tries=1, fetcher=Fetcher.BROWSER)
    await browser.prepare()
    await bury(browser, Job(target=MARA, lane=Lane.BULK))

    await letters.redrive(await all_of(letters))

    assert [job.target for job in await taken(browser)] == [MARA]


async def test_of_several_at_once_each_letter_goes_back_once(
    queue: Queue, letters: Letters
) -> None:
    for number in range(20):
        await bury(queue, a_job(number))
    found = await all_of(letters)

    ended = await asyncio.gather(*(letters.redrive(found) for _ in range(4)))

    assert sum(len(one.back) for one in ended) == 20
    assert sorted(one for each in ended for one in each.back) == sorted(one.id for one in found)
    assert (await queue.depth(Lane.BULK)).waiting == 20


async def test_what_is_no_job_is_refused_and_stays(
    redis_client: Redis, queue: Queue, letters: Letters
) -> None:
    await redis_client.xadd(STREAMS[Lane.BULK], {"type": "nonsense", "value": "1"})
    assert await taken(queue) == []
    await bury(queue, a_job(1))

    redriven = await letters.redrive(await all_of(letters))

    assert len(redriven.back) == 1
    (left,) = await all_of(letters)
    assert left.reason == "unreadable"
    assert "no job" in redriven.refused[left.id]


async def test_letters_are_found_by_their_ids(queue: Queue, letters: Letters) -> None:
    await bury(queue, a_job(1))
    await bury(queue, a_job(2))
    _, oldest = await all_of(letters)

    assert await letters.named([oldest.id, "1-1"]) == [oldest]


async def end(database: AsyncDatabase[Document], crawl: str, states: list[TargetState]) -> None:
    """Leave a crawl as its conductor would."""
    for number, state in enumerate(states, start=1):
        change = {"$set": {"state": state.value, "reason": "captcha"}}
        await database[CRAWL_TARGETS].update_one({"_id": target_id(crawl, number)}, change)
    failed = states.count(TargetState.FAILED)
    ended = {"state": CrawlState.PARTIAL.value, "counts.failed": failed}
    await database[CRAWL_JOBS].update_one({"_id": crawl}, {"$set": ended})


async def test_a_letter_of_a_crawl_is_a_target_of_it_again(
    queue: Queue, letters: Letters, crawls: Crawls, database: AsyncDatabase[Document]
) -> None:
    crawl = await crawls.create([video(1), video(2), video(3)], owner="acc_1")
    await bury(queue, a_job(2, run=crawl.id))
    failed = [TargetState.SUCCEEDED, TargetState.FAILED, TargetState.FAILED]
    await end(database, crawl.id, failed)

    redriven = await letters.redrive(await all_of(letters))

    assert len(redriven.back) == 1
    assert await all_of(letters) == []
    assert await taken(queue) == []
    states = [one.state.value for one in (await crawls.targets(crawl.id)).items]
    assert states == ["succeeded", "waiting", "failed"]
    again = await crawls.get(crawl.id)
    assert (again.state, again.counts.failed, again.attempts) == (CrawlState.QUEUED, 1, 2)


async def test_a_letter_of_a_crawl_that_goes_on_or_has_no_failure_is_refused(
    queue: Queue, letters: Letters, crawls: Crawls, database: AsyncDatabase[Document]
) -> None:
    going_on, done = [await crawls.create([video(1)], owner="acc_1") for _ in range(2)]
    await end(database, done.id, [TargetState.SUCCEEDED])
    for crawl in (going_on, done):
        await bury(queue, a_job(1, run=crawl.id))

    redriven = await letters.redrive(await all_of(letters))

    assert redriven.back == []
    assert sorted(redriven.refused.values()) == sorted(
        [
            f"{going_on.id} is queued: it can be retried at its end",
            f"no target of {done.id} failed: there is nothing to retry",
        ]
    )
    assert len(await all_of(letters)) == 2


async def test_a_letter_of_a_run_that_is_no_crawl_goes_back(queue: Queue, letters: Letters) -> None:
    await bury(queue, a_job(1, run="run_1"))

    await letters.redrive(await all_of(letters))

    assert [job.run for job in await taken(queue)] == ["run_1"]
