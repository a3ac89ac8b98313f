from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson.int64 import Int64

import analysis.rollups.collections
from analysis.rollups.rolling import take_up
from analysis.views.all import VIEWS
from analysis.views.daily import HASHTAG_DAILY
from analysis.views.flat import VIDEOS_FLAT
from analysis.views.view import Type, View, make
from pipelines.collections import STATISTICS, USERS, VIDEOS, prepare
from pipelines.documents.mongo import to_mongo, to_plain
from pipelines.documents.stored import VideoMeta, VideoRow
from pipelines.documents.video import Video
from pipelines.normalize import normalize_entity, normalize_video
from tests.pipelines.cases import NAMES, read_case, read_entity

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

DAY = datetime(2026, 3, 1, tzinfo=UTC)
TYPES: dict[Type, type | tuple[type, ...]] = {
    Type.TEXT: str,
    Type.WHOLE: (int, Int64),
    Type.NUMBER: (int, float),
    Type.TRUTH: bool,
    Type.TIME: datetime,
}


def a_row(video_id: str, *, hours: int, views: int | None, exact: bool = True) -> dict[str, Any]:
    return to_plain(
        VideoRow(
            observed_at=DAY + timedelta(hours=hours),
            meta=VideoMeta(video_id=video_id, user_id="1"),
            views=views,
            likes=2 * views if views is not None else None,
            exact=exact,
        )
    )


@pytest.fixture
async def seeded(database: AsyncDatabase[Document]) -> AsyncDatabase[Document]:
    """Posts of every layout, a user, and a post that was followed for days."""
    await prepare(database)
    await analysis.rollups.collections.prepare(database)
    await make(database, VIEWS)
    videos = [normalize_video(read_case(name).raw) for name in NAMES]
    by_id = {one.id: to_mongo(one) for one in videos}
    await database[VIDEOS].insert_many(by_id.values())
    await database[USERS].insert_one(to_mongo(normalize_entity(read_entity("user-profile").raw)))
    await database[STATISTICS].insert_many(
        [
            a_row("7", hours=1, views=100),
            a_row("7", hours=20, views=140),
            a_row("8", hours=21, views=5),
            a_row("7", hours=30, views=150),
            a_row("7", hours=74, views=170, exact=False),
            a_row("7", hours=97, views=None),
        ]
    )
    await database[VIDEOS].insert_many(
        to_mongo(Video(id=video_id, type="video", url="", observed_at=DAY)) for video_id in "78"
    )
    await take_up(database)
    return database


async def rows_of(database: AsyncDatabase[Document], name: str, **query: Any) -> list[Document]:
    return await database[name].find(query).to_list()


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
async def test_a_row_has_the_columns_and_types_that_are_promised(
    view: View, seeded: AsyncDatabase[Document]
) -> None:
    rows = await rows_of(seeded, view.name)
    assert rows
    for row in rows:
        assert set(row) <= set(view.columns)
        for name, value in row.items():
            assert value is None or isinstance(value, TYPES[view.columns[name].type]), name
    seen = {name for row in rows for name, value in row.items() if value is not None}
    assert len(seen) > len(view.columns) / 2


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_column_says_what_it_is(view: View) -> None:
    assert view.meaning.endswith(".")
    assert all(column.meaning.endswith(".") for column in view.columns.values())


async def test_growth_is_from_one_days_last_row_to_the_next_ones(
    seeded: AsyncDatabase[Document],
) -> None:
    rows = await rows_of(seeded, "v_video_growth_daily", video_id="7")
    rows.sort(key=lambda row: row["day"])
    assert [
        ((row["day"] - DAY).days, row["views"], row["views_grown"], row["days"], row["exact"])
        for row in rows
    ] == [
        (0, 140, None, None, True),
        (1, 150, 10, 1, True),
        (3, 170, None, None, False),
        (4, None, None, 3, True),
    ]
    assert [row["likes_grown"] for row in rows] == [None, 20, None, None]


async def test_hashtags_and_sounds_are_counted_by_the_day_posts_were_made(
    database: AsyncDatabase[Document], seeded: AsyncDatabase[Document]
) -> None:
    await database[VIDEOS].delete_many({})
    made = [("1", "a", 10, ["Bread", "cats"]), ("2", "a", None, ["bread"]), ("3", "b", 7, ["cats"])]
    await database[VIDEOS].insert_many(
        {
            "_id": video_id,
            "type": "video",
            "url": "",
            "observed_at": DAY,
            "created_at": DAY + timedelta(hours=int(video_id)),
            "author": {"id": author},
            "statistics": {"views": views},
            "hashtags": hashtags,
            "music": {"id": "9", "title": "Song"},
        }
        for video_id, author, views, hashtags in made
    )
    rows = await rows_of(seeded, "v_hashtag_daily", day=DAY)
    assert {row["hashtag"]: (row["posts"], row["authors"], row["views"]) for row in rows} == {
        "bread": (2, 1, 10),
        "cats": (2, 2, 17),
    }
    (row,) = await rows_of(seeded, "v_music_daily", music_id="9")
    assert (row["title"], row["posts"], row["authors"], row["views"]) == ("Song", 3, 2, 17)
    (flat,) = await rows_of(seeded, "v_videos_flat", video_id="1")
    assert (flat["hashtags"], flat["hashtag_count"], flat["views"]) == ("Bread, cats", 2, 10)


@pytest.mark.parametrize(
    ("name", "query", "index"),
    [
        ("v_videos_flat", {"video_id": "1"}, "_id_"),
        ("v_videos_flat", {"created_at": {"$gt": DAY}}, "newest"),
        ("v_user_latest", {"username": "mara"}, "username"),
    ],
)
async def test_conditions_on_columns_are_answered_by_the_indexes_of_their_fields(
    name: str, query: dict[str, Any], index: str, seeded: AsyncDatabase[Document]
) -> None:
    plan = str(await seeded[name].find(query).explain())
    assert f"'indexName': '{index}'" in plan or "'IDHACK'" in plan
    assert "COLLSCAN" not in plan


async def test_views_are_made_at_once_by_several_and_changed_when_they_differ(
    database: AsyncDatabase[Document],
) -> None:
    await database.drop_collection(VIDEOS_FLAT.name)
    await database.create_collection(VIDEOS_FLAT.name, viewOn=USERS, pipeline=[])
    await asyncio.gather(*(make(database, VIEWS) for _ in range(3)))
    (there,) = await (await database.list_collections(filter={"name": VIDEOS_FLAT.name})).to_list()
    assert there["options"]["viewOn"] == VIDEOS
    assert there["options"]["pipeline"] == VIDEOS_FLAT.pipeline
    await make(database, [HASHTAG_DAILY])
