"""A small store with odd texts in it, made once, and exports of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

from analysis.exports.form import Compression, Format, form_of
from analysis.exports.order import Order
from analysis.exports.writing import Export
from pipelines.collections import INDEXES, STATISTICS, USER_STATISTICS, VIDEOS
from pipelines.documents.comment import Comment, CommentAuthor
from pipelines.documents.hashtag import Hashtag
from pipelines.documents.mongo import to_mongo, to_plain
from pipelines.documents.music import Music
from pipelines.documents.stored import (
    StoredUser,
    StoredVideo,
    UserMeta,
    UserRow,
    VideoMeta,
    VideoRow,
)
from pipelines.documents.video import Author, Mention, Place, Rendition, Session, Statistics
from services.mongodb import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymongo.database import Database

    from analysis.exports.kinds import Subject

    Store = Database[Document]
    Exported = Callable[..., Export]

DAY = datetime(2026, 3, 1, tzinfo=UTC)
ODD = [
    "plain",
    "😀 👩‍👩‍👧 🇸🇪",
    "שלום \u200fعالم\u202e abc",
    "two\nlines\r\nand a\rthird",
    "nul \x00 within",
    "é" * 3000,
    "=1+1",
    "+1",
    "-1",
    "@ada",
    "\ttab",
    "\rreturn",
    "'=1",
    "''@x",
    "'quoted'",
    'a "b", c; d',
    "\u2028\u0085\ufeff",
    None,
]
VIDEO_COUNT, ROWS_OF_A_VIDEO = len(ODD) + 6, 5


def video_id(number: int) -> str:
    return str(7_000_000_000_000_000_000 + number * 7919)


def _video(number: int) -> dict[str, Any]:
    text = ODD[number % len(ODD)]
    stored = to_mongo(
        StoredVideo(
            id=video_id(number),
            type="video",
            url="https://example.com/",
            description=text,
            author=Author(id=f"{number % 3}", username=f"user{number % 3}", nickname=text),
            statistics=Statistics(views=5_000_000_000 + number, exact=bool(number % 2)),
            hashtags=["Cats", "a"] if number % 4 == 0 else [],
            mentions=[Mention(username=text), Mention(user_id="1")],
            renditions=[Rendition(gear=text, width=number, urls=["a", "b"]), Rendition()],
            place=Place(name=text, city="x") if number % 2 else None,
            session=Session(cookie="a secret"),
            country="SE" if number % 2 else None,
            loudness=-1.5 if number % 2 else None,
            created_at=DAY + timedelta(hours=number // 2) if number % 5 else None,
            observed_at=DAY + timedelta(days=number),
        )
    )
    if number == 1:  # as another version may have left it
        del stored["statistics"], stored["keywords"]
        stored["mentions"] = [{"username": "x", "more": 1}]
        stored["other"] = {"a": 1}
    return stored


@pytest.fixture(scope="session")
def store(mongodb_server: str) -> Iterator[Store]:
    with MongoClient[Document](mongodb_server, tz_aware=True) as client:
        database = client.get_database("exports")
        series = {"timeField": "observed_at", "metaField": "meta", "granularity": "hours"}
        for name in (STATISTICS, USER_STATISTICS):
            database.create_collection(name, timeseries=series)
            database[name].create_indexes(INDEXES[name])
        database[VIDEOS].create_indexes(INDEXES[VIDEOS])
        database[VIDEOS].insert_many([_video(number) for number in range(VIDEO_COUNT)])
        database[STATISTICS].insert_many(
            to_plain(
                VideoRow(
                    views=hours,
                    observed_at=DAY + timedelta(hours=hours),
                    meta=VideoMeta(video_id=video_id(number), user_id=f"{number % 3}"),
                )
            )
            for hours in range(ROWS_OF_A_VIDEO)
            for number in range(VIDEO_COUNT + 1)  # the last one's document is gone
        )
        known: dict[str, Any] = {"observed_at": DAY}
        database.users.insert_many(
            to_mongo(StoredUser(id=f"{number}", username=f"user{number}", signature=text, **known))
            for number, text in enumerate(ODD)
        )
        database[USER_STATISTICS].insert_many(
            to_plain(UserRow(followers=1, observed_at=DAY, meta=UserMeta(user_id=f"{number}")))
            for number in range(3)
        )
        database.hashtags.insert_one(to_mongo(Hashtag(id="cats", name="Cats", **known)))
        database.music.insert_one(to_mongo(Music(id="1", artists=["a", "=b"], **known)))
        database.comments.insert_many(
            to_mongo(Comment(id=f"{number}", text=text, author=CommentAuthor(id="1"), **known))
            for number, text in enumerate(ODD)
        )
        yield database
        client.drop_database("exports")


@pytest.fixture
def exported(store: Store) -> Exported:
    """What makes exports of the store."""

    def make(
        subject: Subject,
        form: Format = Format.JSONL,
        compression: Compression | None = None,
        **asked: Any,
    ) -> Export:
        order = Order(subject=subject, **asked)
        return Export(database=store, order=order, form=form_of(order, form, compression))

    return make
