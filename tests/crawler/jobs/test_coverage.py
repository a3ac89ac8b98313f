from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crawler.jobs.conducting.coverage import LEAST_POSTS
from tests.crawler.jobs.conducting import Stage, videos

if TYPE_CHECKING:
    from crawler.jobs.crawl import Crawl

WHOLE = {
    "type": "video",
    "url": "https://www.tiktok.com/@mara/video/1",
    "observed_at": datetime(2026, 3, 1, tzinfo=UTC),
    "description": "bread",
    "author": {"username": "mara", "verified": False},
    "music": {"url": "https://example.com/a.mp3"},
    "statistics": {"views": 0},
}


async def crawled(
    stage: Stage, *, first: int, document: dict[str, Any], poor: int = 0, count: int = LEAST_POSTS
) -> Crawl:
    """A crawl of posts like a document, the first few of which lack the music's address."""
    found = videos(count, first=first)
    await stage.database.videos.insert_many(
        {**document, "_id": one.value, "music": {} if number < poor else document["music"]}
        for number, one in enumerate(found)
    )
    return await stage.run(await stage.crawls.create(found, owner=None))


async def test_a_crawl_tells_which_share_of_its_posts_has_each_field(stage: Stage) -> None:
    ended = await crawled(stage, first=0, document=WHOLE, poor=5)

    assert ended.coverage is not None
    assert ended.coverage["description"] == 1
    assert ended.coverage["author.verified"] == 1
    assert ended.coverage["statistics.views"] == 1
    assert ended.coverage["music.url"] == 0.75
    assert ended.coverage["cover"] == 0
    assert ended.falls == ()


async def test_a_fall_since_the_run_before_is_told_once(stage: Stage) -> None:
    await crawled(stage, first=0, document=WHOLE)

    fallen = await crawled(stage, first=100, document=WHOLE, poor=8)
    after = await crawled(stage, first=200, document=WHOLE, poor=8)

    assert fallen.falls == ({"field": "music.url", "was": 1.0, "is": 0.6},)
    assert after.falls == ()


async def test_few_posts_tell_nothing(stage: Stage) -> None:
    await crawled(stage, first=0, document=WHOLE)
    few = LEAST_POSTS - 1
    ended = await crawled(stage, first=100, document=WHOLE, poor=few, count=few)
    assert (ended.coverage, ended.falls) == (None, ())
