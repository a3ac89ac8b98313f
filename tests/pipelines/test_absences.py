from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from scrapy.exceptions import DropItem

from crawler.errors import Reason
from crawler.items import RawAbsence
from crawler.jobs.records import Outcome
from pipelines.normalize import NormalizePipeline
from pipelines.publish import PublishPipeline
from pipelines.store import StorePipeline
from tests.pipelines.posts import ID, START, a_post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document


def an_absence(
    *, minute: int, reason: Reason = Reason.VIDEO_DELETED, video_id: str = ID
) -> RawAbsence:
    return RawAbsence(
        video_id=video_id,
        outcome=Outcome(key=f"video:{video_id}", video_id=video_id, reason=reason),
        observed_at=START + timedelta(minutes=minute),
        spider="jobs",
    )


@pytest.fixture
async def store(mongodb_uri: str) -> AsyncIterator[StorePipeline]:
    store = StorePipeline(mongodb_uri, raw_ttl_s=60)
    await store.open_spider()
    yield store
    await store.close_spider()


async def notes(database: AsyncDatabase[Document]) -> dict[str, Any]:
    fields = {"_id": 0, "gone_at": 1, "gone_reason": 1}
    return await database.videos.find_one({"_id": ID}, fields) or {}


async def test_it_is_noted_since_when_a_post_is_gone_and_why_now(
    store: StorePipeline, database: AsyncDatabase[Document]
) -> None:
    await store.process_item(a_post())
    await store.process_item(an_absence(minute=5, reason=Reason.VIDEO_PRIVATE))
    await store.process_item(an_absence(minute=9))
    since = START + timedelta(minutes=5)
    assert await notes(database) == {"gone_at": since, "gone_reason": "video_deleted"}

    await store.process_item(a_post(minute=10, views=200))
    assert await notes(database) == {}


async def test_what_was_seen_later_is_not_gone(
    store: StorePipeline, database: AsyncDatabase[Document]
) -> None:
    await store.process_item(a_post(minute=10))
    await store.process_item(an_absence(minute=5))
    assert await notes(database) == {}


async def test_nothing_is_made_of_posts_that_are_not_stored(
    store: StorePipeline, database: AsyncDatabase[Document]
) -> None:
    absences = [an_absence(minute=1, video_id=str(number)) for number in range(5)]
    stored = await asyncio.gather(*(store.process_item(one) for one in absences))
    assert stored == absences
    assert await database.videos.count_documents({}) == 0


async def test_it_passes_through_and_in_a_plain_crawl_is_no_item(redis_url: str) -> None:
    absence = an_absence(minute=0)
    assert NormalizePipeline().process_item(absence) is absence
    publish = PublishPipeline(redis_url, ttl_s=60)
    with pytest.raises(DropItem, match=f"video:{ID}: video_deleted"):
        await publish.process_item(absence)
    await publish.close_spider()
