"""The collections: their validators and named indexes, made by whoever starts first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.collation import Collation

from pipelines.documents.mongo import schema_of
from pipelines.documents.video import Video
from services.mongodb import make_collection

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

VIDEOS = "videos"
RAW_ITEMS = "raw_items"
STATISTICS = "video_statistics"

ANY_CASE = Collation("en", strength=2)
"""By which hashtags are found: TikTok's own do not tell capitals from small letters."""

_NEWEST = (("created_at", DESCENDING), ("_id", DESCENDING))
"""The order of pages; the id makes it the same each time."""
_INDEXES = {
    VIDEOS: [
        IndexModel([("author.id", ASCENDING), ("created_at", DESCENDING)], name="author_newest"),
        IndexModel([("author.username", ASCENDING), *_NEWEST], name="username_pages"),
        IndexModel([("hashtags", ASCENDING), *_NEWEST], name="hashtag_pages", collation=ANY_CASE),
        IndexModel([("hashtags", ASCENDING), ("created_at", DESCENDING)], name="hashtag_newest"),
        IndexModel([("music.id", ASCENDING), *_NEWEST], name="music_pages"),
        IndexModel([("created_at", DESCENDING)], name="newest"),
    ],
    RAW_ITEMS: [IndexModel([("expire_at", ASCENDING)], name="expiry", expireAfterSeconds=0)],
    STATISTICS: [
        IndexModel(
            [("meta.video_id", ASCENDING), ("observed_at", ASCENDING)], name="history_of_video"
        )
    ],
}


async def prepare(database: AsyncDatabase[Document]) -> None:
    """Make or update every collection; several processes may do this at once."""
    await asyncio.gather(
        make_collection(database, VIDEOS),
        make_collection(database, RAW_ITEMS),
        make_collection(
            database,
            STATISTICS,
            timeseries={"timeField": "observed_at", "metaField": "meta", "granularity": "hours"},
        ),
    )
    await database.command("collMod", VIDEOS, validator={"$jsonSchema": schema_of(Video)})
    for name, indexes in _INDEXES.items():
        await database[name].create_indexes(indexes)
