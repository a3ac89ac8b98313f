from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.errors import Reason
from crawler.jobs.conducting.ends import LEAST_ENDED
from crawler.jobs.crawl import CrawlState, TargetState
from crawler.jobs.crawls import cancelled_key
from crawler.jobs.records import Job, Outcome
from tests.crawler.jobs.conducting import Stage, videos

if TYPE_CHECKING:
    from collections.abc import Callable

MANY = 1000


def refused(job: Job) -> Outcome:
    return Outcome(key=job.target.key, reason=Reason.CAPTCHA)


def gone(job: Job) -> Outcome:
    return Outcome(key=job.target.key, reason=Reason.VIDEO_DELETED)


async def test_a_crawl_of_which_too_much_is_refused_stops_by_itself(stage: Stage) -> None:
    crawl = await stage.crawls.create(videos(MANY), owner=None)
    ended = await stage.run(crawl, refused)

    assert ended.state is CrawlState.FAILED
    assert ended.stop_reason == "errors"
    assert ended.verdicts["cancelled"] > 0
    assert ended.verdicts["captcha"] + ended.verdicts["cancelled"] == MANY
    assert len(stage.done) < MANY
    assert await stage.redis.get(cancelled_key(crawl.id)) == "errors"
    targets = await stage.crawls.targets(crawl.id, limit=MANY)
    assert {one.state for one in targets.items} == {TargetState.FAILED}


async def test_what_it_left_is_crawled_when_it_is_tried_again(stage: Stage) -> None:
    crawl = await stage.crawls.create(videos(MANY), owner=None)
    await stage.run(crawl, refused)

    ended = await stage.run(await stage.crawls.retry(crawl.id))

    assert (ended.state, ended.counts.succeeded) == (CrawlState.SUCCEEDED, MANY)
    assert ended.stop_reason is None


@pytest.mark.parametrize(("count", "say"), [(MANY, gone), (LEAST_ENDED - 1, refused)])
async def test_what_is_merely_absent_or_too_few_stops_nothing(
    stage: Stage, count: int, say: Callable[[Job], Outcome]
) -> None:
    ended = await stage.run(await stage.crawls.create(videos(count), owner=None), say)
    assert ended.stop_reason is None
    assert len(stage.done) == count
