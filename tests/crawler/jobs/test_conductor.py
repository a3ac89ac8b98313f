from __future__ import annotations

from typing import Any

import orjson
import pytest

from crawler.errors import Reason
from crawler.jobs.collections import CRAWL_ITEMS, CRAWL_TARGETS
from crawler.jobs.crawl import CrawlOptions, CrawlState, TargetState
from crawler.jobs.events import Events, EventType
from crawler.jobs.records import Job, Lane, Outcome
from crawler.jobs.told import TOLD
from crawler.jobs.webhooks.collections import DELIVERIES
from tests.crawler.jobs.conducting import Stage, stored, videos


def gone(job: Job) -> Outcome:
    return Outcome(key=job.target.key, reason=Reason.VIDEO_DELETED)


async def test_a_crawl_of_posts_succeeds_with_each_item_in_sequence(stage: Stage) -> None:
    crawl = await stage.crawls.create(videos(3), owner=None)

    ended = await stage.run(crawl)

    assert ended.state is CrawlState.SUCCEEDED
    assert (ended.counts.succeeded, ended.counts.items) == (3, 3)
    assert ended.verdicts == {"stored": 3}
    page = await stage.crawls.items(ended)
    assert [item.sequence for item in page.items] == [1, 2, 3]
    assert sorted(item.item for item in page.items) == [one.value for one in videos(3)]
    targets = (await stage.crawls.targets(crawl.id)).items
    assert {target.state for target in targets} == {TargetState.SUCCEEDED}
    assert {target.attempts for target in targets} == {1}
    assert await stage.redis.xlen(TOLD) == 0


@pytest.mark.parametrize(
    ("deleted", "state"),
    [(0, CrawlState.SUCCEEDED), (1, CrawlState.PARTIAL), (2, CrawlState.FAILED)],
)
async def test_the_state_at_the_end_follows_from_the_targets(
    deleted: int, state: CrawlState, stage: Stage
) -> None:
    crawl = await stage.crawls.create(videos(2), owner=None)
    missing = {one.value for one in videos(deleted)}

    ended = await stage.run(
        crawl, lambda job: (gone if job.target.value in missing else stored)(job)
    )

    assert ended.state is state
    assert ended.counts.failed == deleted


async def test_a_crawl_on_demand_is_fed_to_the_demand_lane(stage: Stage) -> None:
    crawl = await stage.crawls.create(videos(1), owner=None, lane=Lane.DEMAND)

    assert (await stage.run(crawl)).state is CrawlState.SUCCEEDED


async def test_the_end_owes_a_webhook(stage: Stage) -> None:
    options = CrawlOptions(webhook="https://example.com/hook")
    crawl = await stage.crawls.create(videos(1), options, owner=None)

    await stage.run(crawl)

    (delivery,) = await stage.database[DELIVERIES].find().to_list()
    assert (delivery["crawl"], delivery["type"]) == (crawl.id, "crawl.succeeded")


async def test_watchers_are_told_of_targets_and_the_end(stage: Stage) -> None:
    crawl = await stage.crawls.create(videos(1), owner=None)
    await stage.run(crawl)

    events = await Events(stage.redis).read(crawl.id)

    kinds = [event.type for event in events if event.type is not EventType.PROGRESS]
    assert kinds == [EventType.TARGET, EventType.END]
    assert orjson.loads(events[-1].data)["state"] == "succeeded"
    assert await Events(stage.redis).read(crawl.id, after=events[-1].id) == []


async def test_an_outcome_told_twice_counts_once(stage: Stage) -> None:
    crawl = await stage.crawls.create(videos(2), owner=None)
    await stage.turn()
    first, second = await stage.take()
    await stage.queue.finish(first, stored(first))
    entries: Any = await stage.redis.xrange(TOLD)
    await stage.redis.xadd(TOLD, entries[0][1])
    await stage.turn()
    await stage.redis.xadd(TOLD, entries[0][1])
    await stage.queue.finish(second, stored(second))
    await stage.turn()

    ended = await stage.crawls.get(crawl.id)
    assert (ended.state, ended.counts.items) == (CrawlState.SUCCEEDED, 2)
    assert await stage.database[CRAWL_ITEMS].count_documents({}) == 2


async def test_what_redis_lost_is_fed_again(stage: Stage) -> None:
    crawl = await stage.crawls.create(videos(5), owner=None)
    await stage.turn()
    await stage.redis.flushall()
    await stage.queue.prepare()

    await stage.conductor.take_over()
    ended = await stage.run(crawl)

    assert ended.state is CrawlState.SUCCEEDED
    assert ended.counts.items == 5
    attempts = stage.database[CRAWL_TARGETS].find({}, {"attempts": 1})
    assert [one["attempts"] async for one in attempts] == [1] * 5
