"""What roll-ups come to when those who make them are killed, or are several."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import pytest

import pipelines.collections
from analysis.rollups.collections import HASHTAG_DAILY, MUSIC_DAILY, VIDEO_DAILY
from pipelines.collections import STATISTICS, VIDEOS
from pipelines.documents.mongo import to_mongo
from pipelines.documents.video import Author, Music, Video
from tests.analysis.rollups.rows import at, row
from tests.schedulers import start_scheduler
from tests.workers import PROJECT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

pytestmark = pytest.mark.drill

POSTS, DAYS = 8000, 12
Gains = dict[tuple[str, int], int]


class Store:
    """Posts that grow, and what they gained as one adds it up by hand."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self.hashtags: Counter[tuple[str, int]] = Counter()
        self.sounds: Counter[tuple[str, int]] = Counter()
        self._database = database
        self._random = Random(3)
        self._views: Counter[int] = Counter()

    async def fill(self) -> None:
        await pipelines.collections.prepare(self._database)
        await self._database[VIDEOS].insert_many(
            to_mongo(
                Video(
                    id=f"{number:05}",
                    type="video",
                    url="",
                    created_at=at(-200),
                    author=Author(id=f"u{number % 50}"),
                    music=Music(id=f"m{number % 7}"),
                    hashtags=[f"h{number % 11}", "all"],
                    observed_at=at(0),
                )
            )
            for number in range(POSTS)
        )
        for day in range(DAYS):
            await self.grow(day, self._random.sample(range(POSTS), POSTS // 2))

    async def grow(self, day: int, numbers: list[int]) -> None:
        rows = []
        for number in numbers:
            gain = self._random.randrange(1, 1000)
            is_first = number not in self._views
            self._views[number] += gain
            rows.append(row(f"{number:05}", day + 0.5, self._views[number]))
            if not is_first:
                for hashtag in (f"h{number % 11}", "all"):
                    self.hashtags[hashtag, day] += gain
                self.sounds[f"m{number % 7}", day] += gain
        await self._database[STATISTICS].insert_many(rows)

    async def gains(self, name: str, key: str) -> Gains:
        rows = self._database[name].find({"views_gained": {"$gt": 0}})
        return {(one[key], (one["day"] - at(0)).days): one["views_gained"] async for one in rows}

    async def is_right(self) -> bool:
        hashtags = await self.gains(HASHTAG_DAILY, "hashtag")
        return hashtags == self.hashtags and self.sounds == await self.gains(
            MUSIC_DAILY, "music_id"
        )


async def until(is_so: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(60):
        while not await is_so():
            await asyncio.sleep(0.02)


async def test_the_numbers_are_right_after_kills_and_with_several_at_once(
    database: AsyncDatabase[Document], mongodb_uri: str, redis_url: str, tmp_path: Path
) -> None:
    store = Store(database)
    await store.fill()
    variables = {
        "DATA_DIR": str(tmp_path / "data"),
        "MONGODB_URI": mongodb_uri,
        "REDIS_URL": redis_url,
    }

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "manage.py", "rollup", "--json", *arguments]
        return subprocess.Popen(
            command, cwd=PROJECT, env={**os.environ, **variables}, stdout=subprocess.DEVNULL
        )

    async def kill(
        process: subprocess.Popen[bytes], is_so: Callable[[], Awaitable[object]]
    ) -> None:
        await until(is_so)
        assert process.poll() is None, "it was too quick to be killed"
        process.kill()
        await asyncio.to_thread(process.wait)

    days, sums = database[VIDEO_DAILY], database[HASHTAG_DAILY]
    await kill(start(), lambda: days.find_one({"video_id": {"$gt": "02000"}}))
    await kill(start(), lambda: sums.find_one({"day": at(3)}))
    assert not await store.is_right()
    several = [start(), start("--since", "2026-03-04"), start()]
    assert [await asyncio.to_thread(one.wait) for one in several] == [0, 0, 0]
    assert await store.is_right()

    scheduler = start_scheduler(mongodb_uri=mongodb_uri, redis_url=redis_url, folder=tmp_path)
    try:
        await store.grow(DAYS, list(range(3000)))
        await kill(scheduler, lambda: days.find_one({"day": at(DAYS)}))
    finally:
        scheduler.kill()
    await store.grow(DAYS + 1, list(range(2000, 4000)))
    several = [start(), start()]
    assert [await asyncio.to_thread(one.wait) for one in several] == [0, 0]
    assert await store.is_right()
