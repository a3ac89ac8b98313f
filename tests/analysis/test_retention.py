from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from analysis.retention import KEEPER, Keeper, Retention, read_rules
from crawler.jobs import collections as of_crawls
from crawler.jobs.lease import Lease
from pipelines.collections import STATISTICS, prepare
from settings.env import SettingsError
from tests.pipelines.posts import START

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

NOW = START + timedelta(days=100)
RULES = (("comments", 30), ("crawl_jobs", 90), (STATISTICS, 365))


def clock() -> datetime:
    return NOW


@pytest.fixture
async def stored(database: AsyncDatabase[Document]) -> AsyncDatabase[Document]:
    """Comments and crawls of which some are old, and rows."""
    await prepare(database)
    await of_crawls.prepare(database)
    await database.comments.insert_many(
        [{"_id": str(n), "observed_at": START + timedelta(days=n)} for n in range(100)]
    )
    await database.videos.insert_one({"_id": "7", "type": "video", "url": "", "observed_at": START})
    lane, counts = "bulk", {"targets": 1}
    crawls: list[tuple[str, str, datetime | None]] = [
        ("old", "succeeded", START),
        ("late", "failed", NOW),
        ("running", "running", None),
    ]
    for name, state, finished_at in crawls:
        await database.crawl_jobs.insert_one(
            {"_id": name, "owner": None, "state": state, "lane": lane, "created_at": START}
            | {"finished_at": finished_at, "options": {}, "counts": counts, "attempts": 1}
        )
        target = {"crawl": name, "number": 1, "type": "user", "value": "ada", "key": "user:ada"}
        await database.crawl_targets.insert_one(
            {"_id": f"{name}:1", "flight": "user:ada", "state": "failed", "attempts": 1, **target}
        )
        item = {"crawl": name, "sequence": 1, "kind": "video", "item": "7", "target": 1}
        await database.crawl_items.insert_one(
            {"_id": f"{name}:video:7", "targets": [1], "delivered_at": START, **item}
        )
    return database


async def apply(work: Retention) -> dict[str, int]:
    gone: dict[str, int] = {}
    async for rule, count in work.apply():
        gone[rule.collection] = gone.get(rule.collection, 0) + count
    return gone


async def limit_of(database: AsyncDatabase[Document]) -> Any:
    (series,) = await (await database.list_collections(filter={"name": STATISTICS})).to_list()
    return series["options"].get("expireAfterSeconds")


async def test_what_is_too_old_goes_and_all_else_stays(stored: AsyncDatabase[Document]) -> None:
    work = Retention(stored, read_rules(RULES), clock=clock)
    assert await work.too_old() == {"comments": 70, "crawl_jobs": 1, STATISTICS: 0}
    assert await work.is_due()

    try:
        assert await apply(work) == {"comments": 70, "crawl_jobs": 1}
        assert await limit_of(stored) == 365 * 24 * 3600
    finally:  # other tests have old rows here
        assert await apply(Retention(stored, [], clock=clock)) == {}
        assert await limit_of(stored) is None

    assert await stored.comments.distinct("_id") == sorted(str(n) for n in range(70, 100))
    assert await stored.videos.count_documents({}) == 1
    for name in ("crawl_jobs", "crawl_targets", "crawl_items"):
        left = await stored[name].distinct("_id")
        assert [one.partition(":")[0] for one in left] == ["late", "running"]


async def test_it_is_kept_once_a_day_by_one_process(
    stored: AsyncDatabase[Document], redis_client: Redis
) -> None:
    rules = read_rules([("comments", 30)])
    other = Lease(redis_client, KEEPER)
    keeper = Keeper(Retention(stored, rules, clock=clock), Lease(redis_client, KEEPER))
    assert await other.take()
    assert await keeper.keep() == 0
    await other.let_go()
    assert await keeper.keep() == 70

    await stored.comments.insert_one({"_id": "old", "observed_at": START})
    assert await keeper.keep() == 0
    days = read_rules([("comments", 29)])
    assert await Keeper(Retention(stored, days, clock=clock), other).keep() == 2


async def test_a_post_takes_its_files_in_the_archive_along(
    stored: AsyncDatabase[Document], tmp_path: Path
) -> None:
    for one in ("7", "8"):
        (tmp_path / one).mkdir()
        (tmp_path / one / "video.mp4").write_bytes(b"film")
    kept = [{"file": "video", "path": "7/video.mp4", "size": 4, "checksum": "", "archived_at": NOW}]
    await stored.videos.update_one({"_id": "7"}, {"$set": {"archive": kept}})
    rules = read_rules([("videos", 30)])

    assert await apply(Retention(stored, rules, archive_url=str(tmp_path), clock=clock)) == {
        "videos": 1
    }
    assert os.listdir(tmp_path) == ["8"]  # noqa: PTH208


def test_what_cannot_be_limited_is_refused() -> None:
    for name in ("accounts", "raw_items", "nothing"):
        with pytest.raises(SettingsError, match=f"RETENTION: '{name}'"):
            read_rules([(name, 30)])
