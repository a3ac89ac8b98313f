from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from analysis.rollups import keeping
from analysis.rollups.collections import HASHTAG_DAILY, VIDEO_DAILY
from analysis.rollups.keeping import Roller
from crawler.jobs.lease import Lease
from tests.analysis.rollups.rows import add_post, add_rows, row

if TYPE_CHECKING:
    import pytest
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document


async def test_what_is_stored_while_it_keeps_them_is_taken_up(
    database: AsyncDatabase[Document], redis_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_SHARE", 0)
    roller = Roller(database, Lease(redis_client, keeping.ROLLER), pause_s=0.01)
    async with roller.keeping(), asyncio.timeout(20):
        while not await database.rollups.find_one({"reaches_at": {"$ne": None}}):
            await asyncio.sleep(0.01)
        await add_post(database, "1", made=0, hashtags=("bread",))
        await add_rows(database, row("1", 0.5, 10))
        while not await database[HASHTAG_DAILY].find_one({"views_gained": 10}):
            await asyncio.sleep(0.01)
    assert await redis_client.get(f"lease:{keeping.ROLLER}") is None


async def test_of_several_one_works_and_another_follows_it(
    database: AsyncDatabase[Document], redis_client: Redis
) -> None:
    leases = [Lease(redis_client, keeping.ROLLER) for _ in range(2)]
    one, other = (Roller(database, lease) for lease in leases)
    assert await one.keep() is not None
    await add_post(database, "1", made=0)
    await add_rows(database, row("1", 0.5, 10))
    assert await other.keep() is None
    assert await database[VIDEO_DAILY].count_documents({}) == 0
    await leases[0].let_go()
    assert await other.keep() is not None
    assert await database[VIDEO_DAILY].count_documents({}) == 1
