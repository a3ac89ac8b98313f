"""The collections of roll-ups: their validators and named indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import ASCENDING, DESCENDING, IndexModel

from analysis.rollups.documents import (
    CountryDaily,
    HashtagDaily,
    MusicDaily,
    RolledUp,
    UserDaily,
    VideoDaily,
)
from pipelines.documents.mongo import schema_of
from services import mongodb

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

VIDEO_DAILY = "video_daily"
USER_DAILY = "user_daily"
HASHTAG_DAILY = "hashtag_daily"
MUSIC_DAILY = "music_daily"
COUNTRY_DAILY = "country_daily"
ROLLUPS = "rollups"

DOCUMENTS = {
    VIDEO_DAILY: VideoDaily,
    USER_DAILY: UserDaily,
    HASHTAG_DAILY: HashtagDaily,
    MUSIC_DAILY: MusicDaily,
    COUNTRY_DAILY: CountryDaily,
    ROLLUPS: RolledUp,
}
"""The shape of the rows in each collection."""
SCHEMAS = {name: schema_of(kind) for name, kind in DOCUMENTS.items()}

# With the fields that filter behind it, what is filtered is not read.
_RISERS = (
    ("day", ASCENDING),
    ("views_gained", DESCENDING),
    ("country", ASCENDING),
    ("language", ASCENDING),
    ("video_id", ASCENDING),
)
INDEXES = {
    VIDEO_DAILY: [
        IndexModel([("video_id", ASCENDING), ("day", ASCENDING)], name="history_of_video"),
        IndexModel(_RISERS, name="risers", partialFilterExpression={"views_gained": {"$gt": 0}}),
    ],
    USER_DAILY: [
        IndexModel([("user_id", ASCENDING), ("day", ASCENDING)], name="history_of_user"),
        IndexModel(
            [("day", ASCENDING), ("followers_gained", DESCENDING), ("user_id", ASCENDING)],
            name="risers",
            partialFilterExpression={"followers_gained": {"$gt": 0}},
        ),
    ],
    HASHTAG_DAILY: [
        IndexModel([("day", ASCENDING), ("hashtag", ASCENDING)], name="days"),
        IndexModel([("hashtag", ASCENDING), ("day", ASCENDING)], name="history_of_hashtag"),
    ],
    MUSIC_DAILY: [
        IndexModel([("day", ASCENDING), ("music_id", ASCENDING)], name="days"),
        IndexModel([("music_id", ASCENDING), ("day", ASCENDING)], name="history_of_music"),
        IndexModel(
            [("day", ASCENDING), ("music_id", ASCENDING), ("posts", ASCENDING)],
            name="made",
            partialFilterExpression={"posts": {"$gt": 0}},
        ),
    ],
    COUNTRY_DAILY: [IndexModel([("day", ASCENDING)], name="days")],
}


async def prepare(database: AsyncDatabase[Document]) -> None:
    """Make or update every collection; several processes may do this at once."""
    await mongodb.prepare(database, SCHEMAS, INDEXES)
