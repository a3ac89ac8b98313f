"""The report of a user: their audience, their posts, what they write of."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from analysis.pictures import Chart
from analysis.reports.posts import middle, most_seen, newest, note_of, share, table_of
from analysis.reports.report import Figure, Link, Report, ReportError, Table
from pipelines.collections import USER_STATISTICS, USERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from pymongo.asynchronous.database import AsyncDatabase

    from analysis.reports.posts import Post
    from services.mongodb import Document

_COUNTERS = ("followers", "following", "likes", "videos")
_BARS = 10
_WEEKS = 52


async def of_user(database: AsyncDatabase[Document], username: str) -> Report:
    """The report of a user of whom a profile or posts are stored.

    Raises:
        ReportError: neither is.
        PyMongoError: MongoDB does not answer.
    """
    user = await database[USERS].find_one({"username": username}, sort=[("observed_at", -1)])
    posts = await newest(database, {"author.username": username})
    if user is None and not posts:
        raise ReportError(f"nothing of user {username} is stored: manage.py crawl user {username}")
    rows: list[Document] = []
    if user is not None:
        found = database[USER_STATISTICS].find({"meta.user_id": user["_id"]})
        rows = await found.sort("observed_at", 1).to_list()
    profile = user or {}
    counters = profile.get("statistics") or {}
    return Report(
        title=f"User {username}",
        text=profile.get("signature"),
        facts=[
            ("profile", Link(username, f"https://www.tiktok.com/@{username}")),
            ("nickname", profile.get("nickname")),
            ("verified", _word(profile.get("verified"))),
            ("region", profile.get("region")),
            *((name, counters.get(name)) for name in _COUNTERS),
            ("stored posts", len(posts)),
            ("median of views", middle(post.views for post in posts)),
            ("median of reactions a view", share(middle(post.rate for post in posts))),
            ("last seen", profile.get("observed_at")),
        ],
        figures=list(_figures(rows, posts)),
        tables=[table_of("Their most seen posts", most_seen(posts)), _hashtags(posts)],
        notes=[note_of(posts)],
    )


def _figures(rows: Sequence[Document], posts: Sequence[Post]) -> Iterator[Figure]:
    followers = [(row["observed_at"], row.get("followers")) for row in rows]
    if any(count is not None for _, count in followers):
        chart = Chart(title="Followers", series={"followers": followers}, y="followers")
        yield Figure(name="followers", chart=chart)
    made = sorted(
        (post for post in posts if post.created_at), key=lambda post: str(post.created_at)
    )
    if made:
        views: list[tuple[Any, int | None]] = [(post.created_at, post.views) for post in made]
        chart = Chart(title="Views of each post, by when it was made", series={"views": views})
        yield Figure(name="views", chart=chart)
        chart = Chart(title="Posts a week", series={"posts": list(_weeks(made))}, y="posts")
        yield Figure(name="posts", chart=chart)
    if posts:
        seen = [(post.name or post.id, post.views) for post in most_seen(posts, _BARS)]
        chart = Chart(
            title="Their most seen posts", series={"views": seen}, y="views", has_bars=True
        )
        yield Figure(name="most-seen", chart=chart)
    used = _by_hashtag(posts)
    if used:
        bars = [
            (f"{name} ({len(theirs)})", middle(one.views for one in theirs))
            for name, theirs in used
        ]
        chart = Chart(
            title="Median of views with their hashtags (posts)",
            series={"views": bars},
            y="views",
            has_bars=True,
        )
        yield Figure(name="hashtags", chart=chart)


def _weeks(made: Sequence[Post]) -> Iterator[tuple[datetime, int]]:
    """Posts in each of the last weeks, those without any too."""
    first_days = [
        (at - timedelta(days=at.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
        for post in made
        if (at := post.created_at) is not None
    ]
    counted, last = Counter(first_days), first_days[-1]
    day = max(first_days[0], last - timedelta(weeks=_WEEKS - 1))
    while day <= last:
        yield day, counted[day]
        day += timedelta(weeks=1)


def _by_hashtag(posts: Sequence[Post]) -> list[tuple[str, list[Post]]]:
    """The hashtags that they use most, each with its posts."""
    found: defaultdict[str, list[Post]] = defaultdict(list)
    for post in posts:
        for name in sorted(post.hashtags):
            found[name].append(post)
    return sorted(found.items(), key=lambda one: -len(one[1]))[:_BARS]


def _hashtags(posts: Sequence[Post]) -> Table:
    return Table(
        title="Their hashtags",
        columns=("hashtag", "posts", "median of views", "median of reactions a view"),
        rows=[
            (
                name,
                len(theirs),
                middle(post.views for post in theirs),
                share(middle(post.rate for post in theirs)),
            )
            for name, theirs in _by_hashtag(posts)
        ],
    )


def _word(is_so: bool | None) -> str | None:
    return None if is_so is None else "yes" if is_so else "no"
