"""What leads a window of days: hashtags, posts and sounds, read from the roll-ups.

Each answers rows with what they are of as ``_id``, the first first; of equal ones that with the
smaller id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from analysis.rollups.collections import HASHTAG_DAILY, MUSIC_DAILY, VIDEO_DAILY

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from analysis.views.view import Pipeline
    from services.mongodb import Document

DAY = timedelta(days=1)
_DEPTH = 2_000
"""How many of a window's greatest gains are looked at first."""
_DEEPER = 4
_GAINS = tuple(f"{name}_gained" for name in ("views", "likes", "comments", "shares", "saves"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Some days, by their beginnings."""

    first: datetime
    last: datetime

    @property
    def length(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def end(self) -> datetime:
        """When its last day is over."""
        return self.last + DAY

    @property
    def before(self) -> Window:
        """As many days before it."""
        return Window(first=self.first - self.length * DAY, last=self.first - DAY)

    def days(self) -> list[datetime]:
        """All its days."""
        return [self.first + number * DAY for number in range(self.length)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which posts count; None for all."""

    country: str | None = None
    language: str | None = None

    def equals(self) -> dict[str, str]:
        """The fields that must have a value."""
        pairs = {"country": self.country, "language": self.language}
        return {name: value for name, value in pairs.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """Behind which row a page begins."""

    value: int
    id: str


class By(StrEnum):
    """What hashtags are ranked by."""

    VIEWS = "views"
    LIKES = "likes"
    POSTS = "posts"

    @property
    def field(self) -> str:
        """The field that is added up."""
        return self.value if self is By.POSTS else f"{self.value}_gained"


async def top_hashtags(
    database: AsyncDatabase[Document],
    window: Window,
    *,
    where: Where,
    by: By,
    limit: int,
    after: After | None = None,
) -> list[Document]:
    """The hashtags whose posts gained most in a window, or that most posts were made with."""
    rows = await database[HASHTAG_DAILY].aggregate(
        hashtags_pipeline(window, where=where, by=by, limit=limit, after=after)
    )
    return await rows.to_list()


def hashtags_pipeline(
    window: Window, *, where: Where, by: By, limit: int, after: After | None = None
) -> Pipeline:
    """Of ``hashtag_daily``: the same as a pipeline."""
    return [
        {"$match": _in(window) | _of_parts(where)},
        *_only(where, "hashtag"),
        {
            "$group": {
                "_id": "$hashtag",
                **{name: {"$sum": f"${name}"} for name in _OF_PARTS},
            }
        },
        {"$match": {by.field: {"$gt": 0}}},
        *_page(by.field, limit, after),
    ]


async def rising_music(
    database: AsyncDatabase[Document],
    window: Window,
    *,
    where: Where,
    limit: int,
    after: After | None = None,
) -> list[Document]:
    """The sounds that more posts were made with in a window than in as many days before it."""
    rows = await (
        await database[MUSIC_DAILY].aggregate(
            music_pipeline(window, where=where, limit=limit, after=after)
        )
    ).to_list()
    gains = await database[MUSIC_DAILY].aggregate(
        [
            {"$match": {"music_id": {"$in": [row["_id"] for row in rows]}} | _in(window)},
            *_only(where, "music_id"),
            {"$group": {"_id": "$music_id", **{name: {"$sum": f"${name}"} for name in _OF_PARTS}}},
        ]
    )
    gained = {one["_id"]: one["views_gained"] async for one in gains}
    return [row | {"views_gained": gained.get(row["_id"], 0)} for row in rows]


def music_pipeline(
    window: Window, *, where: Where, limit: int, after: After | None = None
) -> Pipeline:
    """Of ``music_daily``: which sounds rise, without what their posts gained."""
    both = Window(first=window.before.first, last=window.last)
    is_now = {"$gte": ["$day", window.first]}
    return [
        {"$match": _in(both) | {"posts": {"$gt": 0}} | _of_parts(where)},
        *_only(where, "music_id"),
        {
            "$group": {
                "_id": "$music_id",
                "posts": {"$sum": {"$cond": [is_now, "$posts", 0]}},
                "posts_before": {"$sum": {"$cond": [is_now, 0, "$posts"]}},
            }
        },
        {"$set": {"rise": {"$subtract": ["$posts", "$posts_before"]}}},
        {"$match": {"rise": {"$gt": 0}}},
        *_page("rise", limit, after),
    ]


async def rising_videos(
    database: AsyncDatabase[Document],
    window: Window,
    *,
    where: Where,
    limit: int,
    after: After | None = None,
    depth: int = _DEPTH,
) -> list[Document]:
    """The posts that gained most views in a window.

    Only posts with one of its greatest gains of a day are added up. Any other has at most the least
    of these on each day: where that could be enough, one looks deeper.
    """
    while True:
        gains = await (
            database[VIDEO_DAILY]
            .find(
                {"day": {"$in": window.days()}, "views_gained": {"$gt": 0}} | where.equals(),
                {"_id": 0, "video_id": 1, "views_gained": 1},
            )
            .sort("views_gained", -1)
            .limit(depth)
            .to_list()
        )
        ids = list({one["video_id"] for one in gains})
        rows = await (
            await database[VIDEO_DAILY].aggregate(
                [
                    {"$match": {"video_id": {"$in": ids}} | _in(window) | where.equals()},
                    {"$group": {"_id": "$video_id"} | {n: {"$sum": f"${n}"} for n in _GAINS}},
                    {"$match": {"views_gained": {"$gt": 0}}},
                    *_page("views_gained", limit, after),
                ]
            )
        ).to_list()
        if len(gains) < depth:
            return rows
        others = gains[-1]["views_gained"] * window.length
        if len(rows) == limit and rows[-1]["views_gained"] > others:
            return rows
        depth *= _DEEPER


_OF_PARTS = ("posts", "views_gained", "likes_gained")


def _in(window: Window) -> dict[str, Any]:
    return {"day": {"$gte": window.first, "$lt": window.end}}


def _of_parts(where: Where) -> dict[str, Any]:
    wanted = where.equals()
    return {"parts": {"$elemMatch": wanted}} if wanted else {}


def _only(where: Where, name: str) -> Pipeline:
    """Rows with the sums of those parts alone that count."""
    wanted = where.equals()
    if not wanted:
        return []
    is_wanted = {"$and": [{"$eq": [f"$$this.{part}", value]} for part, value in wanted.items()]}
    return [
        {
            "$project": {
                name: 1,
                "day": 1,
                "parts": {"$filter": {"input": "$parts", "as": "this", "cond": is_wanted}},
            }
        },
        {"$project": {name: 1, "day": 1, **{n: {"$sum": f"$parts.{n}"} for n in _OF_PARTS}}},
    ]


def _page(by: str, limit: int, after: After | None) -> Pipeline:
    behind: Pipeline = []
    if after is not None:
        alike = {by: after.value, "_id": {"$gt": after.id}}
        behind = [{"$match": {"$or": [{by: {"$lt": after.value}}, alike]}}]
    return [*behind, {"$sort": {by: -1, "_id": 1}}, {"$limit": limit}]
