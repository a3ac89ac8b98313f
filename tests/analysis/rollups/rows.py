"""Posts, users and their rows, as the pipelines leave them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipelines.collections import STATISTICS, USER_STATISTICS, USERS, VIDEOS
from pipelines.documents.mongo import to_mongo, to_plain
from pipelines.documents.stored import UserMeta, UserRow, VideoMeta, VideoRow
from pipelines.documents.user import User
from pipelines.documents.video import Author, Music, Video
from pipelines.writes import append

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def at(days: float) -> datetime:
    return DAY + timedelta(days=days)


async def add_post(
    database: AsyncDatabase[Document],
    video_id: str,
    *,
    made: float | None,
    user: str = "u1",
    music: str | None = "m1",
    hashtags: tuple[str, ...] = (),
    **about: Any,
) -> None:
    video = Video(
        id=video_id,
        type="video",
        url="",
        created_at=None if made is None else at(made),
        author=Author(id=user, username=f"name-{user}"),
        music=Music(id=music, title=f"Song {music}", author="A Singer"),
        hashtags=list(hashtags),
        observed_at=DAY,
        **about,
    )
    await database[VIDEOS].insert_one(to_mongo(video))


def row(video_id: str, when: float, views: int | None, *, exact: bool | None = True) -> Document:
    likes = None if views is None else views // 10
    meta = VideoMeta(video_id=video_id, user_id="u1")
    return to_plain(
        VideoRow(observed_at=at(when), meta=meta, views=views, likes=likes, exact=exact)
    )


async def add_rows(database: AsyncDatabase[Document], *rows: Document) -> None:
    await append(database, STATISTICS, rows)


async def add_user(
    database: AsyncDatabase[Document], user_id: str, *seen: tuple[float, dict[str, Any]]
) -> None:
    user = User(id=user_id, username=f"name-{user_id}", observed_at=DAY)
    await database[USERS].insert_one(to_mongo(user))
    meta = UserMeta(user_id=user_id)
    rows = [
        to_plain(UserRow(**{"observed_at": at(when), "meta": meta, "exact": True, **counters}))
        for when, counters in seen
    ]
    await append(database, USER_STATISTICS, rows)
