"""The way of a question over days: the roll-ups, then what the rows are of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from analysis.rollups.progress import reach
from analysis.rollups.tops import (
    After,
    By,
    Where,
    Window,
    rising_music,
    rising_videos,
    top_hashtags,
)
from api.charges import Answer, charged
from api.errors import INVALID_PARAMETER, ApiError
from api.storage import storage
from pipelines.collections import MUSIC, STATISTICS, VIDEOS
from pipelines.documents.public import timestamp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pymongo.asynchronous.database import AsyncDatabase

    from accounts.limits import Admission
    from api.admissions import Admissions
    from api.calls import Call
    from api.cursors import Cursors
    from services.mongodb import Document

    Rows = list[Document]

MOST_DAYS = 92
MOST_ROWS = 1000
"""How far a ranking goes."""
WITHIN_S = 2.5
_FIRST, _END = datetime(2016, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class Subject(StrEnum):
    """What is ranked, by the name that its list has in the answer."""

    HASHTAGS = "hashtags"
    VIDEOS = "videos"
    MUSIC = "music"


COLUMNS = {
    Subject.HASHTAGS: ("rank", "hashtag", "posts", "views_gained", "likes_gained"),
    Subject.VIDEOS: (
        *("rank", "video_id", "url", "title", "username", "music_id", "created_at"),
        *("views_gained", "likes_gained", "comments_gained", "shares_gained", "saves_gained"),
    ),
    Subject.MUSIC: (
        *("rank", "music_id", "title", "author", "url"),
        *("posts", "posts_before", "rise", "views_gained"),
    ),
}
_RANKED_BY = {Subject.VIDEOS: "views_gained", Subject.MUSIC: "rise"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TopWish:
    """Which part of which ranking is asked for."""

    subject: Subject
    window: Window
    where: Where
    by: By
    limit: int
    cursor: str | None
    words: str
    """The window in the caller's words: that of later pages is the first page's."""

    @property
    def name(self) -> str:
        """What a cursor of the ranking is bound to."""
        where = f"{self.where.country} {self.where.language}"
        return f"{self.subject}\n{self.by}\n{where}\n{self.words}"


def window_of(
    *, days: int | None, since: datetime | None, until: datetime | None, now: datetime
) -> Window:
    """The days from one to another, both with, or the last ones up to today.

    Raises:
        ApiError: they are none, or too many.
    """
    last = _day(until or now)
    if any(one is not None and not _FIRST <= one < _END for one in (since, until)):
        raise _wrong(f"'from' and 'to' must be from {_FIRST:%F} to {_END:%F}")
    if days is not None and since is not None:
        raise _wrong("'window' and 'from' cannot be sent together: a window ends at 'to'")
    first = _day(since) if since is not None else last - timedelta(days=(days or 7) - 1)
    if first > last:
        raise _wrong("'from' and 'to' are in the wrong order: 'from' must not be after 'to'")
    window = Window(first=first, last=last)
    if window.length > MOST_DAYS:
        raise _wrong(f"'from' and 'to' may be at most {MOST_DAYS} days apart, both counted")
    return window


class Analytics:
    """Answers rankings; one for each process."""

    def __init__(
        self, admissions: Admissions, *, database: AsyncDatabase[Document], cursors: Cursors
    ) -> None:
        self._admissions = admissions
        self._database = database
        self._cursors = cursors

    async def answer(self, call: Call, wish: TopWish) -> Answer:
        """A page of a ranking.

        Raises:
            ApiError: the call is refused, or MongoDB does not answer.
        """
        place = self._cursors.open(wish.name, wish.cursor)
        wish, count, after = _going_on(wish, place)

        async def read(_: Admission) -> Answer:
            async with storage(WITHIN_S):
                return await self._read(wish, count, after)

        needs_country = wish.where.country is not None
        return await charged(self._admissions, call, read, needs_country=needs_country)

    async def _read(self, wish: TopWish, count: int, after: After | None) -> Answer:
        limit = min(wish.limit, MOST_ROWS - count)
        rows = await self._rows(wish, limit + 1, after)
        page = rows[:limit]
        cursor = None
        if len(rows) > limit and count + limit < MOST_ROWS:
            last = page[-1]
            by = _RANKED_BY.get(wish.subject, wish.by.field)
            days = f"{wish.window.first:%F} {wish.window.last:%F}"
            place = f"{days} {count + limit} {last[by]} {last['_id']}"
            cursor = self._cursors.seal(wish.name, place)
        shown = await _SHOWN[wish.subject](self._database, page)
        reaches_at = await reach(self._database, STATISTICS)
        body = {
            wish.subject.value: [
                {"rank": count + number, **one} for number, one in enumerate(shown, 1)
            ],
            "next_cursor": cursor,
            "meta": {
                "from": f"{wish.window.first:%F}",
                "to": f"{wish.window.last:%F}",
                "reaches_at": timestamp(reaches_at),
            },
        }
        return Answer(body=body, is_cached=True)

    async def _rows(self, wish: TopWish, limit: int, after: After | None) -> Rows:
        how: dict[str, Any] = {"where": wish.where, "limit": limit, "after": after}
        match wish.subject:
            case Subject.HASHTAGS:
                return await top_hashtags(self._database, wish.window, by=wish.by, **how)
            case Subject.VIDEOS:
                return await rising_videos(self._database, wish.window, **how)
            case Subject.MUSIC:
                return await rising_music(self._database, wish.window, **how)


async def _show_hashtags(_: AsyncDatabase[Document], rows: Rows) -> Rows:
    return [
        {"hashtag": row["_id"], **_only(row, "posts", "views_gained", "likes_gained")}
        for row in rows
    ]


async def _show_videos(database: AsyncDatabase[Document], rows: Rows) -> Rows:
    fields = dict.fromkeys(("url", "title", "author.username", "music.id", "created_at"), 1)
    found = database[VIDEOS].find({"_id": {"$in": [row["_id"] for row in rows]}}, fields)
    known = {one["_id"]: one async for one in found}
    shown = []
    for row in rows:
        video = known.get(row["_id"], {})
        shown.append(
            {
                "video_id": row["_id"],
                **_only(video, "url", "title"),
                "username": video.get("author", {}).get("username"),
                "music_id": video.get("music", {}).get("id"),
                "created_at": timestamp(video.get("created_at")),
                **_only(row, *COLUMNS[Subject.VIDEOS][7:]),
            }
        )
    return shown


async def _show_music(database: AsyncDatabase[Document], rows: Rows) -> Rows:
    ids = [row["_id"] for row in rows]
    fields = {"title": 1, "author": 1}
    known = {one["_id"]: one async for one in database[MUSIC].find({"_id": {"$in": ids}}, fields)}
    for music_id in set(ids) - set(known):
        # Of a sound whose own page nobody has read, its posts tell.
        post = await database[VIDEOS].find_one({"music.id": music_id}, {"music": 1})
        known[music_id] = (post or {}).get("music", {})
    return [
        {
            "music_id": row["_id"],
            **_only(known[row["_id"]], "title", "author"),
            "url": f"https://www.tiktok.com/music/-{row['_id']}",
            **_only(row, "posts", "posts_before", "rise", "views_gained"),
        }
        for row in rows
    ]


_SHOWN: dict[Subject, Callable[..., Awaitable[Rows]]] = {
    Subject.HASHTAGS: _show_hashtags,
    Subject.VIDEOS: _show_videos,
    Subject.MUSIC: _show_music,
}


def _only(row: Document, *names: str) -> Document:
    return {name: row.get(name) for name in names}


def _going_on(wish: TopWish, place: str | None) -> tuple[TopWish, int, After | None]:
    """The wish with the window of its first page, how many rows that had, and the last of them."""
    if place is None:
        return wish, 0, None
    first, last, count, value, row = place.split(" ", 4)
    window = Window(first=_read(first), last=_read(last))
    return replace(wish, window=window), int(count), After(value=int(value), id=row)


def _read(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def _day(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _wrong(what: str) -> ApiError:
    return ApiError(INVALID_PARAMETER, detail=f"The parameters {what}")
