from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from crawler.jobs.answers import cache_key
from crawler.jobs.backlog import Backlog
from crawler.jobs.records import Job, Lane
from crawler.links import Target, TargetType
from pipelines.documents.video import Media
from pipelines.publish import PublishPipeline, ttl_of
from tests.pipelines.posts import ID, a_post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

TTL_S = 3600
KEY = cache_key(ID)


@pytest.fixture
async def publish(redis_url: str) -> AsyncIterator[PublishPipeline]:
    publish = PublishPipeline(redis_url, ttl_s=TTL_S)
    yield publish
    await publish.close_spider()


def job(lane: Lane) -> Job:
    return Job(target=Target(type=TargetType.VIDEO, value=ID), lane=lane)


async def test_what_was_asked_for_is_put_into_the_cache(
    publish: PublishPipeline, redis_client: Redis
) -> None:
    post = a_post(job=job(Lane.DEMAND))

    assert await publish.process_item(post) is post.video

    entry: Any = await redis_client.hgetall(KEY)
    assert orjson.loads(entry["answer"])["metadata"]["statistics"]["views"] == 100
    assert TTL_S - 5 < await redis_client.ttl(KEY) <= TTL_S


@pytest.mark.parametrize("lane", [Lane.DEMAND, Lane.BULK, None])
async def test_files_are_to_be_kept_where_there_is_an_archive(
    lane: Lane | None, publish: PublishPipeline, redis_url: str, redis_client: Redis
) -> None:
    own = job(lane) if lane else None
    await publish.process_item(a_post(job=own))
    assert await Backlog(redis_client).size() == 0

    keeping = PublishPipeline(redis_url, ttl_s=TTL_S, is_kept=True)
    await keeping.process_item(a_post(job=own))
    await keeping.close_spider()

    assert [due.video_id for due in await Backlog(redis_client).take(5, lease_s=60)] == [ID]


@pytest.mark.parametrize("lane", [Lane.BULK, None])
async def test_a_bulk_crawl_refreshes_what_is_cached_and_adds_nothing(
    lane: Lane | None, publish: PublishPipeline, redis_client: Redis
) -> None:
    bulk = job(lane) if lane else None
    await publish.process_item(a_post(job=bulk))
    assert not await redis_client.exists(KEY)
    await publish.process_item(a_post(job=job(Lane.DEMAND)))

    await publish.process_item(a_post(job=bulk, views=200))

    entry: Any = await redis_client.hgetall(KEY)
    assert orjson.loads(entry["answer"])["metadata"]["statistics"]["views"] == 200


async def test_an_absence_is_replaced_as_a_whole(
    publish: PublishPipeline, redis_client: Redis
) -> None:
    await redis_client.hset(KEY, "reason", "video_deleted")

    await publish.process_item(a_post(job=job(Lane.DEMAND)))

    assert not await redis_client.hexists(KEY, "reason")


@pytest.mark.parametrize(
    ("left", "ttl_s"),
    [
        (None, TTL_S),
        (timedelta(days=2), TTL_S),
        (timedelta(minutes=30), 20 * 60),
        (timedelta(minutes=5), 1),
        (timedelta(days=-1), 1),
    ],
    ids=str,
)
def test_an_entry_ends_before_its_media_do(left: timedelta | None, ttl_s: int) -> None:
    video = a_post().video
    expires_at = datetime.now(UTC) + left if left is not None else None
    video.media = Media(url="https://v16-webapp.tiktok.com/v.mp4", expires_at=expires_at)

    assert abs(ttl_of(video, TTL_S) - ttl_s) <= 1
