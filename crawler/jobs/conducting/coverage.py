"""Which fields the posts of a crawl have, and which far fewer have than in the run before.

A parser that no longer finds a field fails no target. It shows here.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from pymongo import DESCENDING

from crawler.items import Kind
from crawler.jobs.collections import CRAWL_ITEMS, CRAWL_JOBS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.jobs.conducting.running import Running
    from services.mongodb import Document

logger = logging.getLogger(__name__)

FIELDS = (
    *("description", "created_at", "duration", "width", "height", "cover", "hashtags", "mentions"),
    *("language", "country", "media", "subtitles"),
    *("author.id", "author.username", "author.nickname", "author.avatar", "author.verified"),
    *("author.follower_count", "music.id", "music.title", "music.author", "music.url"),
    *("statistics.views", "statistics.likes", "statistics.comments", "statistics.shares"),
    "statistics.saves",
)
"""The fields of a post's document that are looked at."""
FALL = 0.3
"""How much smaller a share must be to be reported."""
LEAST_POSTS = 20
"""Of fewer posts no share is worth comparing."""
_MOST_POSTS = 1000


class Coverage:
    """Reads what share of a crawl's posts has each field."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._items = database[CRAWL_ITEMS]
        self._jobs = database[CRAWL_JOBS]
        self._videos = database[Kind.VIDEO.collection]

    async def of(self, running: Running) -> dict[str, float] | None:
        """The share of the latest thousand posts that has each field; None of too few posts.

        Raises:
            PyMongoError: MongoDB does not answer.
        """
        items = self._items.find({"crawl": running.id, "kind": Kind.VIDEO.value}, {"item": 1})
        items = items.sort("sequence", DESCENDING).limit(_MOST_POSTS)
        ids = [item["item"] async for item in items]
        if len(ids) < LEAST_POSTS:
            return None
        shares: dict[str, Any] = {_name(field): _share(field) for field in FIELDS}
        found = await self._videos.aggregate(
            [{"$match": {"_id": {"$in": ids}}}, {"$group": {"_id": None, **shares}}]
        )
        async for group in found:
            return {field: round(group[_name(field)], 3) for field in FIELDS}
        return None

    async def falls(self, running: Running, coverage: Mapping[str, float]) -> list[dict[str, Any]]:
        """The fields of which far fewer posts have one than in the run before.

        That is the last of the same schedule, else of the same owner.

        Raises:
            PyMongoError: MongoDB does not answer.
        """
        whose = {"schedule": running.schedule} if running.schedule else {"owner": running.owner}
        before = await self._jobs.find_one(
            {
                **whose,
                "_id": {"$ne": running.id},
                "coverage": {"$type": "object"},
                "created_at": {"$lte": running.created_at},
            },
            {"coverage": 1},
            sort=[("created_at", DESCENDING)],
        )
        was = before["coverage"] if before else {}
        falls = [
            {"field": field, "was": was[field], "is": share}
            for field, share in coverage.items()
            if was.get(field, 0) - share >= FALL
        ]
        for fall in falls:
            logger.warning(
                "%s: only %.0f %% of the posts have %s, where %.0f %% had it the run before",
                *(running.id, 100 * fall["is"], fall["field"], 100 * fall["was"]),
            )
        return falls


def _name(field: str) -> str:
    return field.replace(".", "__")


def _share(field: str) -> dict[str, Any]:
    """How many have it: a value that is neither null nor an empty list or text."""
    is_there: dict[str, Any] = {"$not": {"$in": [{"$ifNull": [f"${field}", None]}, [None, [], ""]]}}
    return {"$avg": {"$cond": [is_there, 1, 0]}}
