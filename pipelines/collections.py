"""The collections: their validators and named indexes, made by whoever starts first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.collation import Collation

from pipelines.documents.comment import Comment
from pipelines.documents.crawled import CrawledList, SearchResults
from pipelines.documents.hashtag import Hashtag
from pipelines.documents.mongo import schema_of
from pipelines.documents.music import Music
from pipelines.documents.stored import RawItem, StoredUser, StoredVideo, UserRow, VideoRow
from services import mongodb

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

VIDEOS = "videos"
USERS = "users"
HASHTAGS = "hashtags"
MUSIC = "music"
COMMENTS = "comments"
LISTS = "lists"
SEARCH_RESULTS = "search_results"
RAW_ITEMS = "raw_items"
STATISTICS = "video_statistics"
USER_STATISTICS = "user_statistics"

DOCUMENTS = {
    VIDEOS: StoredVideo,
    USERS: StoredUser,
    HASHTAGS: Hashtag,
    MUSIC: Music,
    COMMENTS: Comment,
    LISTS: CrawledList,
    SEARCH_RESULTS: SearchResults,
    RAW_ITEMS: RawItem,
}
"""The shape of the documents in each collection."""
ROWS = {STATISTICS: VideoRow, USER_STATISTICS: UserRow}
"""The shape of the rows in each time series, which MongoDB holds to no validator."""

ANY_CASE = Collation("en", strength=2)
"""By which hashtags are found: TikTok's own do not tell capitals from small letters."""

_SERIES = {"timeField": "observed_at", "metaField": "meta", "granularity": "hours"}
_ARRIVALS = IndexModel([("_id", DESCENDING)], name="arrivals")
"""By which rows are found that came since a time, whenever what they tell was seen."""
_NEWEST = (("created_at", DESCENDING), ("_id", DESCENDING))
"""The order of pages; the id makes it the same each time."""
INDEXES = {
    VIDEOS: [
        IndexModel([("author.id", ASCENDING), ("created_at", DESCENDING)], name="author_newest"),
        IndexModel([("author.username", ASCENDING), *_NEWEST], name="username_pages"),
        IndexModel([("hashtags", ASCENDING), *_NEWEST], name="hashtag_pages", collation=ANY_CASE),
        IndexModel([("hashtags", ASCENDING), ("created_at", DESCENDING)], name="hashtag_newest"),
        IndexModel([("music.id", ASCENDING), *_NEWEST], name="music_pages"),
        IndexModel([("created_at", DESCENDING)], name="newest"),
        IndexModel([("gone_at", DESCENDING)], name="gone", sparse=True),
    ],
    # A name that was given up can be another user's: the newest observation counts.
    USERS: [
        IndexModel([("username", ASCENDING), ("observed_at", DESCENDING)], name="username"),
        IndexModel([("sec_uid", ASCENDING)], name="sec_uid"),
    ],
    HASHTAGS: [IndexModel([("hashtag_id", ASCENDING)], name="hashtag_id")],
    COMMENTS: [
        IndexModel(
            [
                ("video_id", ASCENDING),
                ("parent_id", ASCENDING),
                ("created_at", DESCENDING),
                ("_id", DESCENDING),
            ],
            name="newest_of_video",
        )
    ],
    RAW_ITEMS: [IndexModel([("expire_at", ASCENDING)], name="expiry", expireAfterSeconds=0)],
    STATISTICS: [
        IndexModel(
            [("meta.video_id", ASCENDING), ("observed_at", ASCENDING)], name="history_of_video"
        ),
        _ARRIVALS,
    ],
    USER_STATISTICS: [
        IndexModel(
            [("meta.user_id", ASCENDING), ("observed_at", ASCENDING)], name="history_of_user"
        ),
        _ARRIVALS,
    ],
}


async def prepare(database: AsyncDatabase[Document]) -> None:
    """Make or update every collection; several processes may do this at once."""
    schemas = {name: schema_of(kind) for name, kind in DOCUMENTS.items()}
    await mongodb.prepare(database, schemas, INDEXES, series=dict.fromkeys(ROWS, _SERIES))
