from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

import pipelines.collections
from analysis.rollups import collections, rolling
from analysis.rollups.collections import (
    COUNTRY_DAILY,
    HASHTAG_DAILY,
    MUSIC_DAILY,
    USER_DAILY,
    VIDEO_DAILY,
)
from analysis.rollups.progress import Progress, reach
from analysis.rollups.rolling import rebuild, take_up
from pipelines.collections import STATISTICS, VIDEOS
from tests.analysis.rollups.rows import add_post, add_rows, add_user, at, row

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

MADE = (VIDEO_DAILY, USER_DAILY, HASHTAG_DAILY, MUSIC_DAILY, COUNTRY_DAILY)


@pytest.fixture
async def store(database: AsyncDatabase[Document]) -> AsyncDatabase[Document]:
    await pipelines.collections.prepare(database)
    await collections.prepare(database)
    return database


async def all_rows(database: AsyncDatabase[Document]) -> dict[str, list[Document]]:
    """Everything rolled up, but when."""
    return {
        name: await database[name].find({}, {"rolled_at": 0}).sort("_id", 1).to_list()
        for name in MADE
    }


async def growth(database: AsyncDatabase[Document], video_id: str) -> list[tuple[Any, ...]]:
    found = await database[VIDEO_DAILY].find({"video_id": video_id}).sort("day", 1).to_list()
    return [
        ((one["day"] - at(0)).days, one["views"], one["views_gained"], one["days"], one["first"])
        for one in found
    ]


async def test_growth_is_between_exact_days_and_a_young_post_begins_with_nothing(
    store: AsyncDatabase[Document],
) -> None:
    await add_post(store, "old", made=-300)
    await add_post(store, "young", made=-2.5)
    await add_post(store, "undated", made=None)
    await add_rows(
        store,
        *(row("old", when, views) for when, views in ((0.1, 100), (0.9, 140), (1.2, 130))),
        row("old", 3.5, 200, exact=False),
        row("old", 4, 190),
        row("old", 4.5, 300, exact=False),
        row("old", 5, None, exact=None),
        row("young", 0.5, 50),
        row("undated", 0.5, 7),
        row("nobodys", 0.5, 7),
    )
    await take_up(store)
    assert await growth(store, "old") == [
        (0, 140, None, None, True),
        (1, 130, -10, 1, False),
        (3, 200, None, None, False),
        (4, 190, 60, 3, False),
        (5, None, None, None, False),
    ]
    assert await growth(store, "young") == [(0, 50, 50, 3, True)]
    assert await growth(store, "undated") == [(0, 7, None, None, True)]
    assert await growth(store, "nobodys") == []


async def test_users_keep_the_counters_that_a_search_does_not_tell(
    store: AsyncDatabase[Document],
) -> None:
    await add_user(
        store,
        "u1",
        (0, {"followers": 10, "likes": 100}),
        (1, {"followers": 12}),
        (3, {"followers": 11, "likes": 150}),
    )
    await take_up(store)
    found = await store[USER_DAILY].find().sort("day", 1).to_list()
    assert [(one["followers_gained"], one["likes"], one["likes_gained"]) for one in found] == [
        (None, 100, None),
        (2, 100, 0),
        (-1, 150, 50),
    ]
    assert found[0]["username"] == "name-u1"


async def test_hashtags_sounds_and_countries_are_summed_up_by_the_day(
    store: AsyncDatabase[Document],
) -> None:
    about: dict[str, Any] = {"country": "US", "language": "en"}
    await add_post(store, "1", made=0.1, hashtags=("Bread", "bread", "cats"), **about)
    await add_post(store, "2", made=0.2, hashtags=("bread",), country="DE", music="m2")
    await add_post(store, "3", made=-90, hashtags=("bread",), user="u2", music=None, **about)
    await add_rows(store, row("1", 0.5, 100), row("1", 1.5, 130), row("2", 0.5, 10))
    await add_rows(store, row("3", 0.5, 1000), row("3", 1.5, 1500))
    await take_up(store)
    sums = {
        (one["hashtag"], (one["day"] - at(0)).days): one
        for one in await store[HASHTAG_DAILY].find().to_list()
    }
    assert {
        key: (one["posts"], one["authors"], one["active"], one["views_gained"])
        for key, one in sums.items()
    } == {
        ("bread", 0): (2, 1, 2, 110),
        ("bread", 1): (0, 0, 2, 530),
        ("cats", 0): (1, 1, 1, 100),
        ("cats", 1): (0, 0, 1, 30),
        ("bread", -90): (1, 1, 0, 0),
    }
    parts = {one["country"]: one for one in sums["bread", 0]["parts"]}
    assert (parts["US"]["views_gained"], parts["US"]["language"]) == (100, "en")
    assert (parts["DE"]["posts"], parts["DE"]["language"], parts["DE"]["likes_gained"]) == (
        1,
        None,
        1,
    )
    music = await store[MUSIC_DAILY].find({"day": at(0)}).sort("_id", 1).to_list()
    assert [(one["music_id"], one["posts"], one["views_gained"]) for one in music] == [
        ("m1", 1, 100),
        ("m2", 1, 10),
    ]
    countries = await store[COUNTRY_DAILY].find({"day": at(0)}).sort("_id", 1).to_list()
    assert [(one["_id"], one["country"], one["posts"], one["active"]) for one in countries] == [
        ("2026-03-01:DE:", "DE", 1, 1),
        ("2026-03-01:US:en", "US", 1, 1),
    ]


async def test_what_comes_late_and_what_comes_anew_is_taken_up(
    store: AsyncDatabase[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_post(store, "1", made=-90, hashtags=("bread",))
    await add_rows(store, row("1", 0, 100), row("1", 5, 160))
    assert (await take_up(store)).subjects == {STATISTICS: 1, "user_statistics": 0}
    monkeypatch.setattr(rolling, "OVERLAP", -rolling.OVERLAP)  # nothing of what is known
    assert (await take_up(store)).days == 0
    monkeypatch.undo()

    await add_rows(store, row("1", 2, 130))
    await add_post(store, "2", made=6, hashtags=("bread",))
    await add_rows(store, row("2", 6.5, 40))
    await take_up(store)
    assert [(day, gained) for day, _, gained, *_ in await growth(store, "1")] == [
        (0, None),
        (2, 30),
        (5, 30),
    ]
    found = await store[HASHTAG_DAILY].find({"hashtag": "bread"}).sort("day", 1).to_list()
    assert [(one["posts"], one["views_gained"]) for one in found] == [
        (1, 0),
        (0, 30),
        (0, 30),
        (1, 40),
    ]


async def test_rows_of_the_last_run_are_found_by_an_index(store: AsyncDatabase[Document]) -> None:
    since = ObjectId.from_datetime(at(0))
    plan = str(await store[STATISTICS].find({"_id": {"$gte": since}}).explain())
    assert "'indexName': 'arrivals'" in plan
    assert "COLLSCAN" not in plan


async def test_two_at_once_leave_what_one_leaves(store: AsyncDatabase[Document]) -> None:
    for number in range(30):
        await add_post(store, f"{number}", made=number % 3, hashtags=("a", f"b{number % 4}"))
        await add_rows(store, *(row(f"{number}", day, day * number) for day in (3, 4, 6)))
    await asyncio.gather(*(take_up(store) for _ in range(3)))
    at_once = await all_rows(store)
    await rebuild(store)
    assert await all_rows(store) == at_once
    assert at_once[HASHTAG_DAILY]


async def test_a_run_that_broke_off_is_made_good_by_the_next(
    store: AsyncDatabase[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolling, "AT_ONCE", 2)
    for number in range(8):
        await add_post(store, f"{number}", made=0, hashtags=("a",))
        await add_rows(store, row(f"{number}", 1, 5), row(f"{number}", 2, 9))
    steps: list[rolling.Step] = []

    def break_off(step: rolling.Step) -> None:
        steps.append(step)
        if step.done == 4:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await take_up(store, tell=break_off)
    known = await Progress(store, STATISTICS).read()
    assert known.rebuilding is not None
    assert known.rebuilding.after == "3"
    assert await reach(store, STATISTICS) is None
    steps.clear()
    await take_up(store, tell=steps.append)
    assert steps[0].done == 8  # the first four are not made again
    assert await reach(store, STATISTICS) is not None
    (sums,) = await store[HASHTAG_DAILY].find({"day": at(2)}).to_list()
    assert (sums["active"], sums["views_gained"]) == (8, 32)


async def test_a_rebuild_takes_what_is_gone_away_and_leaves_days_before(
    store: AsyncDatabase[Document],
) -> None:
    await add_post(store, "1", made=0, hashtags=("old",))
    await add_rows(store, row("1", 0.5, 5), row("1", 2, 9))
    await take_up(store)
    await store[VIDEOS].update_one({"_id": "1"}, {"$set": {"hashtags": ["new"]}})
    await rebuild(store, since=at(1))
    found = await store[HASHTAG_DAILY].find().sort("day", 1).to_list()
    assert [(one["hashtag"], (one["day"] - at(0)).days) for one in found] == [
        ("old", 0),
        ("new", 2),
    ]


async def test_days_stay_of_which_the_rows_are_kept_no_more(
    store: AsyncDatabase[Document],
) -> None:
    await add_post(store, "1", made=-90, hashtags=("bread",))
    await add_rows(store, row("1", 0, 10), row("1", 40, 70), row("1", 50, 100))
    await take_up(store)
    known = await growth(store, "1")
    await store[STATISTICS].delete_many({"meta.video_id": "1"})
    await add_rows(store, row("1", 40.5, 70), row("1", 50, 100))
    for run in (take_up, rebuild):
        await run(store)
        assert await growth(store, "1") == known
    found = await store[HASHTAG_DAILY].find({"views_gained": {"$gt": 0}}).sort("day", 1).to_list()
    assert [one["views_gained"] for one in found] == [60, 30]


async def test_days_made_anew_before_the_first_run_do_not_stand_for_it(
    store: AsyncDatabase[Document],
) -> None:
    await add_post(store, "1", made=-90)
    await add_rows(store, row("1", 0, 10), row("1", 5, 70))
    await rebuild(store, since=at(4))
    assert [day for day, *_ in await growth(store, "1")] == [5]
    assert await reach(store, STATISTICS) is None
    await take_up(store)
    assert [day for day, *_ in await growth(store, "1")] == [0, 5]
