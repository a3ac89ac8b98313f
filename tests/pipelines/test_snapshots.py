from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crawler.jobs.records import Job, Lane
from crawler.links import Target, TargetType
from pipelines.snapshots import SnapshotsPipeline
from pipelines.store import StorePipeline
from tests.pipelines.posts import ID, START, a_post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

AGAIN = Job(target=Target(type=TargetType.VIDEO, value=ID), lane=Lane.DEMAND, tries=1)


@pytest.fixture
async def store(mongodb_uri: str) -> AsyncIterator[StorePipeline]:
    store = StorePipeline(mongodb_uri, raw_ttl_s=3600)
    await store.open_spider()
    yield store
    await store.close_spider()


@pytest.fixture
async def snapshots(mongodb_uri: str) -> AsyncIterator[SnapshotsPipeline]:
    snapshots = SnapshotsPipeline(mongodb_uri)
    yield snapshots
    await snapshots.close_spider()


async def history(database: AsyncDatabase[Document]) -> list[tuple[Any, Any]]:
    rows = database.video_statistics.find().sort("observed_at")
    return [(row["observed_at"], row["views"]) async for row in rows]


async def test_a_row_is_appended_each_time_the_statistics_changed(
    store: StorePipeline, snapshots: SnapshotsPipeline, database: AsyncDatabase[Document]
) -> None:
    for minute, views in enumerate((100, 100, 130, 130, 120)):
        await snapshots.process_item(await store.process_item(a_post(minute=minute, views=views)))

    minutes = [START + timedelta(minutes=minute) for minute in (0, 2, 4)]
    assert await history(database) == list(zip(minutes, (100, 130, 120), strict=True))
    row = await database.video_statistics.find_one()
    assert row is not None
    assert row["meta"] == {"video_id": ID, "user_id": "1"}


async def test_what_a_dead_worker_did_not_append_is_appended_once(
    store: StorePipeline, snapshots: SnapshotsPipeline, database: AsyncDatabase[Document]
) -> None:
    await store.process_item(a_post())  # and here the worker died

    for minute in (1, 2):
        post = await store.process_item(a_post(minute=minute, job=AGAIN))
        await snapshots.process_item(post)

    assert await history(database) == [(START, 100)]
