from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest

import pipelines.collections
from analysis.rollups import collections
from analysis.rollups.collections import HASHTAG_DAILY, MUSIC_DAILY, VIDEO_DAILY
from analysis.rollups.rolling import take_up
from analysis.rollups.tops import (
    After,
    By,
    Where,
    Window,
    hashtags_pipeline,
    music_pipeline,
    rising_music,
    rising_videos,
    top_hashtags,
)
from tests.analysis.rollups.rows import add_post, add_rows, at, row

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

WEEK = Window(first=at(0), last=at(6))
ALL = Where()


@pytest.fixture
async def store(database: AsyncDatabase[Document]) -> AsyncDatabase[Document]:
    await pipelines.collections.prepare(database)
    await collections.prepare(database)
    us: dict[str, Any] = {"country": "US", "language": "en"}
    await add_post(database, "1", made=-40, hashtags=("bread", "cats"), **us)
    await add_post(database, "2", made=1, hashtags=("bread",), country="DE", language="de")
    await add_post(database, "3", made=2, hashtags=("dogs",), music="m2", **us)
    await add_post(database, "4", made=-5, hashtags=("dogs",), music="m2", **us)
    await add_post(database, "5", made=3, hashtags=(), music="m2", country="DE", language="en")
    await add_rows(
        database,
        *(row("1", day, views) for day, views in ((-39, 1000), (-1, 5000), (1, 5600), (3, 6000))),
        *(row("2", day, views) for day, views in ((2, 900), (6.5, 1100), (8, 9000))),
        row("3", 3, 50),
        row("4", -4, 10),
        row("5", 4, 1000, exact=False),
    )
    await take_up(database)
    return database


def ranked(rows: list[Document], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(one[name] for name in ("_id", *names)) for one in rows]


async def test_hashtags_are_ranked_by_what_their_posts_gained_or_by_posts(
    store: AsyncDatabase[Document],
) -> None:
    async def top(**how: Any) -> list[tuple[Any, ...]]:
        how = {"where": ALL, "by": By.VIEWS, "limit": 9, **how}
        found = await top_hashtags(store, WEEK, **how)
        return ranked(found, "views_gained", "posts")

    assert await top() == [("bread", 2100, 1), ("cats", 1000, 0), ("dogs", 50, 1)]
    assert await top(by=By.POSTS) == [("bread", 2100, 1), ("dogs", 50, 1)]
    assert await top(by=By.LIKES, limit=1) == [("bread", 2100, 1)]
    assert await top(where=Where(country="US")) == [
        ("bread", 1000, 0),
        ("cats", 1000, 0),
        ("dogs", 50, 1),
    ]
    assert await top(where=Where(country="DE", language="de")) == [("bread", 1100, 1)]
    assert await top(where=Where(country="DE", language="en")) == []
    assert await top(after=After(value=2100, id="bread"), limit=1) == [("cats", 1000, 0)]
    after = After(value=1000, id="bread")
    assert (await top(where=Where(country="US"), after=after))[0][0] == "cats"


async def test_sounds_rise_that_are_used_more_than_before(store: AsyncDatabase[Document]) -> None:
    found = await rising_music(store, WEEK, where=ALL, limit=9)
    names = ("posts", "posts_before", "rise", "views_gained")
    assert ranked(found, *names) == [("m1", 1, 0, 1, 2100), ("m2", 2, 1, 1, 50)]
    found = await rising_music(store, WEEK, where=Where(country="DE"), limit=9)
    assert ranked(found, *names) == [("m1", 1, 0, 1, 1100), ("m2", 1, 0, 1, 0)]


async def test_posts_rise_by_the_sum_of_their_days(store: AsyncDatabase[Document]) -> None:
    async def top(**how: Any) -> list[tuple[Any, ...]]:
        how = {"where": ALL, "limit": 9, **how}
        found = await rising_videos(store, WEEK, **how)
        return ranked(found, "views_gained")

    assert await top() == [("2", 1100), ("1", 1000), ("3", 50)]
    assert await top(where=Where(language="en")) == [("1", 1000), ("3", 50)]
    assert await top(after=After(value=1100, id="2"), limit=1) == [("1", 1000)]


async def test_the_greatest_risers_are_found_however_few_are_looked_at_first(
    store: AsyncDatabase[Document],
) -> None:
    random = Random(5)
    days: list[dict[str, Any]] = [
        {
            "_id": f"{at(day):%F}:{number}",
            "day": at(day),
            "rolled_at": at(9),
            "observed_at": at(day),
            "video_id": f"{number}",
            "views_gained": int(random.lognormvariate(4, 1.5)) - 20,
        }
        for number in range(100, 300)
        for day in random.sample(range(7), 3)
    ]
    await store[VIDEO_DAILY].insert_many(days)
    totals: dict[str, int] = {"1": 1000, "2": 1100, "3": 50}
    for one in days:
        totals[one["video_id"]] = totals.get(one["video_id"], 0) + one["views_gained"]
    expected = sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
    found = await rising_videos(store, WEEK, where=ALL, limit=10, depth=1)
    assert ranked(found, "views_gained") == expected


@pytest.mark.parametrize(
    ("collection", "pipeline", "index"),
    [
        (HASHTAG_DAILY, hashtags_pipeline(WEEK, where=ALL, by=By.VIEWS, limit=9), "days"),
        (MUSIC_DAILY, music_pipeline(WEEK, where=Where(country="US"), limit=9), "made"),
    ],
)
async def test_a_ranking_reads_only_the_days_of_its_window(
    collection: str, pipeline: Any, index: str, store: AsyncDatabase[Document]
) -> None:
    question = {"aggregate": collection, "pipeline": pipeline, "cursor": {}}
    plan = str(await store.command("explain", question, verbosity="queryPlanner"))
    assert f"'indexName': '{index}'" in plan
    assert "COLLSCAN" not in plan


async def test_the_greatest_gains_are_read_from_an_index_alone(
    store: AsyncDatabase[Document],
) -> None:
    query = {"day": {"$in": WEEK.days()}, "views_gained": {"$gt": 0}, "country": "US"}
    fields = {"_id": 0, "video_id": 1, "views_gained": 1}
    found = store[VIDEO_DAILY].find(query, fields).sort("views_gained", -1).limit(9)
    plan = str((await found.explain())["queryPlanner"]["winningPlan"])
    assert "SORT_MERGE" in plan
    assert "'indexName': 'risers'" in plan
    assert "FETCH" not in plan
