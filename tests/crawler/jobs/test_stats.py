from __future__ import annotations

import asyncio
import os

from crawler.errors import Reason
from crawler.jobs.conducting.state import read_conducting
from crawler.jobs.records import Job, Outcome
from tests.crawler.jobs.conducting import Stage, stored, videos


def counting(job: Job) -> Outcome:
    job.counted["response_received_count"] += 2
    job.counted["tiktok/verdict/served"] += 1
    return stored(job)


async def test_what_workers_count_for_a_crawl_is_in_its_record(stage: Stage) -> None:
    crawl = await stage.crawls.create(videos(3), owner=None)
    other = await stage.crawls.create(videos(1, first=7), owner=None)

    ended = await stage.run(crawl, counting)
    await stage.run(other)

    assert ended.stats == {"response_received_count": 6, "tiktok/verdict/served": 3}
    assert (await stage.crawls.get(other.id)).stats["response_received_count"] == 2


async def test_what_a_failed_try_counted_goes_with_the_next_one(stage: Stage) -> None:
    crawl = await stage.crawls.create(videos(1), owner=None)
    await stage.turn()
    (job,) = await stage.take()
    job.counted["tiktok/verdict/timeout"] += 1
    await stage.queue.fail(job, Outcome(key=job.target.key, reason=Reason.TIMEOUT))

    ended = await stage.run(crawl, counting)

    assert ended.stats["tiktok/verdict/timeout"] == 1
    assert ended.stats["response_received_count"] == 2


async def test_counts_go_on_when_another_conducts(stage: Stage) -> None:
    crawl = await stage.crawls.create(videos(600), owner=None)
    await stage.turn()
    await stage.work(counting)
    await stage.turn()
    await stage.conductor.take_over()

    ended = await stage.run(crawl, counting)

    assert ended.stats == {"response_received_count": 1200, "tiktok/verdict/served": 600}


async def test_the_conductor_tells_of_itself_and_of_what_was_delivered(stage: Stage) -> None:
    await stage.run(await stage.crawls.create(videos(3), owner=None))
    await stage.crawls.create(videos(5, first=10), owner=None)
    await stage.turn()
    await stage.crawls.create(videos(5, first=20), owner=None)

    async with stage.conductor.conducting():
        async with asyncio.timeout(5):
            while (told := await read_conducting(stage.redis)).conductor is None:
                await asyncio.sleep(0.01)

    assert told.delivered == 3
    assert told.conductor is not None
    assert told.conductor.pid == os.getpid()
