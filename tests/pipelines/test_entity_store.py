from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import zstandard

from crawler.items import Kind, RawList, RawSearch
from crawler.jobs.lists import Bounds, ListEnd, StopReason
from crawler.jobs.records import Job, Lane
from crawler.links import Target, TargetType
from pipelines.snapshots import SnapshotsPipeline
from pipelines.store import StorePipeline
from pipelines.writes import WriteRefusedError
from tests.pipelines.entities import AGAIN, USER_ID, a_hashtag, a_user, an_entity
from tests.pipelines.posts import START, a_post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

USER = Target(type=TargetType.USER, value="ada.bakes")
SEARCH = Target(type=TargetType.SEARCH, value="bread")


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


def minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


async def one(database: AsyncDatabase[Document], collection: str, found: str) -> Document:
    document = await database[collection].find_one({"_id": found})
    assert document is not None
    return document


@pytest.mark.parametrize(
    ("case", "collection", "found"),
    [
        ("user-profile", "users", "6801000000000000101"),
        ("hashtag-page", "hashtags", "breadtok"),
        ("music-page", "music", "6800000000000000102"),
        ("comment", "comments", "7439177575589839101"),
    ],
)
async def test_each_kind_is_stored_with_its_raw_item(
    case: str,
    collection: str,
    found: str,
    store: StorePipeline,
    database: AsyncDatabase[Document],
) -> None:
    entity = await store.process_item(an_entity(case))

    document = await one(database, collection, found)
    assert document["first_seen_at"] == document["observed_at"] == entity.raw.observed_at
    raw = await one(database, "raw_items", f"{entity.raw.kind.value}:{found}")
    assert (raw["kind"], raw["layout"]) == (entity.raw.kind.value, entity.raw.layout.value)
    assert raw["expire_at"] == entity.raw.observed_at + timedelta(hours=1)
    kept = orjson.loads(zstandard.decompress(raw["data"]))
    assert kept == entity.raw.data or case == "music-page"
    assert entity.is_snapshot_due == (case == "user-profile")


async def test_no_token_of_another_service_is_stored(
    store: StorePipeline, database: AsyncDatabase[Document]
) -> None:
    entity, post = an_entity("music-page"), a_post()
    post.raw.data["music"] = entity.raw.data["music"]
    assert "bearer-secret" in str(entity.raw.data)

    await asyncio.gather(store.process_item(entity), store.process_item(post))

    raw_items = [raw async for raw in database.raw_items.find()]
    kept = [zstandard.decompress(raw["data"]).decode() for raw in raw_items]
    assert ["Sunday Bread" in one for one in kept] == [True, True]
    assert ["secret" in one for one in kept] == [False, False]


async def test_what_a_poorer_layout_does_not_say_stays(
    store: StorePipeline, database: AsyncDatabase[Document]
) -> None:
    await store.process_item(a_user(followers=100, following=5, nickname="Ada"))
    await store.process_item(a_user(minute=5, followers=120, following=None, nickname=None))

    user = await one(database, "users", USER_ID)
    assert (user["nickname"], user["observed_at"]) == ("Ada", START + minutes(5))
    assert user["statistics"]["followers"] == 120
    assert user["statistics"]["following"] == 5


async def test_an_older_look_that_arrives_late_changes_nothing(
    store: StorePipeline, database: AsyncDatabase[Document]
) -> None:
    await store.process_item(a_user(minute=5, followers=120))
    before = await one(database, "users", USER_ID)

    late = await store.process_item(a_user(followers=100))

    assert not late.is_snapshot_due
    assert await one(database, "users", USER_ID) == before


async def test_a_hashtag_of_a_post_leaves_what_its_page_said(
    store: StorePipeline, database: AsyncDatabase[Document]
) -> None:
    await store.process_item(a_hashtag(views=900))
    await store.process_item(a_hashtag(minute=1, views=None))

    assert (await one(database, "hashtags", "bread"))["statistics"]["views"] == 900


async def test_a_user_s_row_is_appended_each_time_a_known_counter_changed(
    store: StorePipeline, snapshots: SnapshotsPipeline, database: AsyncDatabase[Document]
) -> None:
    looks = [(100, 5), (100, 5), (None, None), (100, None), (130, None), (130, 6), (130, 6)]
    for minute, (followers, following) in enumerate(looks):
        user = a_user(minute=minute, followers=followers, following=following)
        await snapshots.process_item(await store.process_item(user))

    rows = [row async for row in database.user_statistics.find().sort("observed_at")]
    assert [(row["observed_at"], row["followers"], row["following"]) for row in rows] == [
        (START, 100, 5),
        (START + minutes(4), 130, None),
        (START + minutes(5), 130, 6),
    ]
    assert rows[0]["meta"] == {"user_id": USER_ID}


async def test_a_user_that_was_first_seen_without_counters_has_a_row_once_it_has_some(
    store: StorePipeline, snapshots: SnapshotsPipeline, database: AsyncDatabase[Document]
) -> None:
    for minute, followers in enumerate((None, 100)):
        user = a_user(minute=minute, followers=followers, following=None)
        await snapshots.process_item(await store.process_item(user))

    assert await database.user_statistics.count_documents({}) == 1


async def test_what_a_dead_worker_did_not_append_is_appended_once(
    store: StorePipeline, snapshots: SnapshotsPipeline, database: AsyncDatabase[Document]
) -> None:
    await store.process_item(a_user(followers=100))  # and here the worker died

    for minute in (1, 2):
        user = await store.process_item(a_user(minute=minute, followers=100, job=AGAIN))
        await snapshots.process_item(user)

    (row,) = [row async for row in database.user_statistics.find()]
    assert (row["observed_at"], row["followers"]) == (START, 100)


async def test_only_the_document_that_mongodb_refuses_fails(
    store: StorePipeline, database: AsyncDatabase[Document]
) -> None:
    bad = a_user("2", followers=-1)
    items: list[Any] = [a_user("1"), a_hashtag(), bad, an_entity("comment"), a_user("3")]

    results = await asyncio.gather(
        *(store.process_item(item) for item in items), return_exceptions=True
    )

    assert [isinstance(result, WriteRefusedError) for result in results] == [
        item is bad for item in items
    ]
    assert [user["_id"] async for user in database.users.find().sort("_id")] == ["1", "3"]


def ended(minute: int, stop_reason: StopReason, collected: int) -> RawList:
    end = ListEnd.of(stop_reason, collected=collected, reported_total=20)
    return RawList(target=USER, end=end, observed_at=START + minutes(minute), spider="user")


@pytest.mark.parametrize("bounds", [Bounds(since=1.7e9), Bounds(until=1.7e9)])
async def test_a_look_that_dates_have_cut_leaves_no_state_of_the_list(
    bounds: Bounds, store: StorePipeline, database: AsyncDatabase[Document]
) -> None:
    await store.process_item(ended(1, StopReason.LIMIT, 10))
    job = Job(target=USER, lane=Lane.BULK, bounds=bounds)

    await store.process_item(replace(ended(2, StopReason.END, 3), job=job))

    assert (await one(database, "lists", "user:ada.bakes"))["collected"] == 10


async def test_the_last_state_of_a_list_is_that_of_the_latest_look(
    store: StorePipeline, database: AsyncDatabase[Document]
) -> None:
    for minute, stop_reason, collected in (
        (1, StopReason.CAPTCHA, 7),
        (3, StopReason.END, 20),
        (2, StopReason.LIMIT, 10),
    ):
        await store.process_item(ended(minute, stop_reason, collected))

    state = await one(database, "lists", "user:ada.bakes")
    assert state == {
        "_id": "user:ada.bakes",
        "type": "user",
        "value": "ada.bakes",
        "run": None,
        "collected": 20,
        "reported_total": 20,
        "complete": True,
        "stop_reason": "end",
        "spider": "user",
        "job_id": None,
        "schema_version": 1,
        "observed_at": START + minutes(3),
        "first_seen_at": START + minutes(1),
    }


async def test_what_a_search_gave_is_kept_in_its_order(
    store: StorePipeline, database: AsyncDatabase[Document]
) -> None:
    found = [(Kind.VIDEO, "9"), (Kind.USER, "8"), (Kind.MUSIC, "5"), (Kind.VIDEO, "7")]
    await store.process_item(
        RawSearch(target=SEARCH, found=found, observed_at=START, spider="search")
    )

    stored = await one(database, "search_results", "search:bread")
    assert [(hit["kind"], hit["id"]) for hit in stored["results"]] == [
        ("video", "9"),
        ("user", "8"),
        ("video", "7"),
    ]
    assert stored["query"] == "bread"
