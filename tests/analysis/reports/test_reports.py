from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

import analysis.rollups.collections
import pipelines.collections
from analysis.reports.hashtag import of_hashtag
from analysis.reports.report import Report, ReportError, Share
from analysis.reports.user import of_user
from analysis.reports.video import of_video
from analysis.rollups.rolling import take_up
from pipelines.documents.mongo import to_mongo, to_plain
from pipelines.documents.stored import (
    StoredUser,
    StoredVideo,
    UserMeta,
    UserRow,
    VideoMeta,
    VideoRow,
)
from pipelines.documents.user import UserStatistics
from pipelines.documents.video import Author, Statistics

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

DAY = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
MADE = {"101": (DAY, 100, ["Bread", "cats"]), "102": (DAY.replace(day=10), 300, ["bread"])}


@pytest.fixture
async def store(database: AsyncDatabase[Document]) -> AsyncDatabase[Document]:
    for module in (pipelines.collections, analysis.rollups.collections):
        await module.prepare(database)
    for video_id, (made, views, hashtags) in MADE.items():
        counters = Statistics(views=views, likes=views // 10, comments=0, shares=0, exact=True)
        stored = StoredVideo(
            id=video_id,
            type="video",
            url=f"https://www.tiktok.com/@mara/video/{video_id}",
            title=f"post {video_id}",
            author=Author(id="1", username="mara"),
            statistics=counters,
            hashtags=hashtags,
            created_at=made,
            observed_at=made.replace(day=20),
        )
        await database.videos.insert_one(to_mongo(stored))
        for part in (2, 1):
            row = VideoRow(
                views=views // part,
                exact=True,
                observed_at=made.replace(day=made.day + 3 - part),
                meta=VideoMeta(video_id=video_id, user_id="1"),
            )
            await database.video_statistics.insert_one(to_plain(row))
    user = StoredUser(
        id="1", username="mara", statistics=UserStatistics(followers=7), observed_at=DAY
    )
    await database.users.insert_one(to_mongo(user))
    row_of_user = UserRow(followers=7, observed_at=DAY, meta=UserMeta(user_id="1"))
    await database.user_statistics.insert_one(to_plain(row_of_user))
    await take_up(database)
    return database


def facts(report: Report) -> dict[str, object]:
    return dict(report.facts)


def series(report: Report, name: str) -> list[tuple[object, float | None]]:
    (figure,) = (one for one in report.figures if one.name == name)
    (points,) = figure.chart.series.values()
    return list(points)


async def test_reports_say_what_is_stored(store: AsyncDatabase[Document]) -> None:
    video, user = await of_video(store, "102"), await of_user(store, "mara")
    hashtag = await of_hashtag(store, "BREAD")

    assert (facts(video)["views"], facts(video)["reactions a view"]) == (300, Share(0.1))
    assert [views for _, views in series(video, "views")] == [150, 300]
    assert [views for _, views in series(video, "gained")] == [150, 150]
    assert series(video, "views-beside") == [
        ("this post", 300),
        ("median of the others", 100),
        ("most of the others", 100),
    ]
    posts, rows = video.tables
    assert [row[3] for row in posts.rows] == [300, 100]
    assert [row[1] for row in rows.rows] == [300, 150]

    assert (facts(user)["followers"], facts(user)["stored posts"]) == (7, 2)
    assert facts(user)["median of views"] == 200
    assert series(user, "posts") == [(DAY, 1), (DAY.replace(day=9), 1)]
    assert [row[:3] for row in user.tables[1].rows] == [("bread", 2, 200), ("cats", 1, 100)]

    assert (facts(hashtag)["stored posts"], facts(hashtag)["authors of these"]) == (2, 1)
    assert series(hashtag, "together") == [("cats", 1)]
    assert series(hashtag, "views-together") == [("all with bread", 200), ("with cats", 100)]
    assert sum(views or 0 for _, views in series(hashtag, "gained")) == 400
    assert hashtag.tables[1].rows == [("mara", 2, 400, 200)]


async def test_what_little_is_known_is_reported_all_the_same(
    store: AsyncDatabase[Document],
) -> None:
    await store.videos.delete_many({})
    bare = {"_id": "9", "type": "video", "url": "", "observed_at": DAY, "author": {"username": "x"}}
    await store.videos.insert_one(bare | {"hashtags": ["Only"]})

    assert (await of_video(store, "9")).figures == []
    assert facts(await of_user(store, "x"))["stored posts"] == 1
    assert [one.name for one in (await of_user(store, "mara")).figures] == ["followers"]
    assert "no roll-ups" in (await of_hashtag(store, "only")).notes[1]


async def test_nothing_is_reported_of_what_is_not_stored(store: AsyncDatabase[Document]) -> None:
    with pytest.raises(ReportError, match="crawl video 7"):
        await of_video(store, "7")
    with pytest.raises(ReportError, match="crawl user nobody"):
        await of_user(store, "nobody")
    with pytest.raises(ReportError, match="crawl hashtag none"):
        await of_hashtag(store, "none")
