"""Posts as reports look at them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from analysis.reports.report import Link, Share, Table
from pipelines.collections import VIDEOS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

MOST = 5_000
"""How many posts a report is made of, the newest first."""
_LONGEST = 80
_FIELDS = (
    *("_id", "url", "title", "description", "author.username", "hashtags", "country"),
    *("created_at", "statistics"),
)


@dataclass(frozen=True, slots=True)
class Post:
    """A stored post."""

    stored: Mapping[str, Any]

    @property
    def id(self) -> str:
        """TikTok's id."""
        return str(self.stored["_id"])

    @property
    def name(self) -> str:
        """Its title, else its id."""
        words = " ".join((self.stored.get("title") or self.stored.get("description") or "").split())
        return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1].rstrip()}…"

    @property
    def link(self) -> Link:
        """What leads to it."""
        return Link(self.name or self.id, self.stored.get("url") or "")

    @property
    def author(self) -> str | None:
        """Its author's username."""
        username = (self.stored.get("author") or {}).get("username")
        return None if username is None else str(username)

    @property
    def hashtags(self) -> set[str]:
        """Its hashtags in lower case."""
        return {one.lower() for one in self.stored.get("hashtags") or ()}

    @property
    def country(self) -> str | None:
        """Where it was uploaded."""
        country: str | None = self.stored.get("country")
        return country

    @property
    def created_at(self) -> datetime | None:
        """When it was made."""
        at: datetime | None = self.stored.get("created_at")
        return at

    def counter(self, name: str) -> int | None:
        """One of its counters."""
        count = (self.stored.get("statistics") or {}).get(name)
        return None if count is None else int(count)

    @property
    def views(self) -> int | None:
        """How often it was played."""
        return self.counter("views")

    @property
    def rate(self) -> float | None:
        """Likes, comments and shares for each view; None unless all are known."""
        reactions = [self.counter(name) for name in ("likes", "comments", "shares")]
        known = [count for count in reactions if count is not None]
        if not self.views or len(known) < len(reactions):
            return None
        return sum(known) / self.views


async def newest(
    database: AsyncDatabase[Document], query: Mapping[str, Any], **how: Any
) -> list[Post]:
    """The newest posts that a query finds."""
    found = database[VIDEOS].find(query, dict.fromkeys(_FIELDS, 1), **how)
    documents = await found.sort([("created_at", -1), ("_id", -1)]).limit(MOST).to_list()
    return [Post(one) for one in documents]


def middle(values: Iterable[float | None]) -> float | None:
    """The median of the values that are known."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def share(value: float | None) -> Share | None:
    """A rate as it is shown."""
    return None if value is None else Share(value)


def most_seen(posts: Iterable[Post], count: int = 10) -> list[Post]:
    """The posts with most views."""
    return sorted(posts, key=lambda post: post.views or 0, reverse=True)[:count]


def table_of(title: str, posts: Sequence[Post]) -> Table:
    """A table of posts."""
    counters = ("views", "likes", "comments", "shares", "saves")
    return Table(
        title=title,
        columns=("post", "author", "made", *counters, "reactions a view"),
        rows=[
            (
                post.link,
                post.author,
                post.created_at,
                *(post.counter(name) for name in counters),
                share(post.rate),
            )
            for post in posts
        ],
    )


def note_of(posts: Sequence[Post]) -> str:
    """Of how many posts a report is."""
    if len(posts) < MOST:
        return f"Made of {len(posts):,} stored posts."
    return f"Made of the newest {MOST:,} of the stored posts."
