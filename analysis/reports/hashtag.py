"""The report of a hashtag: how it moves, with what it goes together, who bears it."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING
from urllib.parse import quote

from analysis.pictures import Chart
from analysis.reports.posts import middle, most_seen, newest, note_of, share, table_of
from analysis.reports.report import Figure, Link, Report, ReportError, Table
from analysis.rollups.collections import HASHTAG_DAILY
from pipelines.collections import ANY_CASE, HASHTAGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymongo.asynchronous.database import AsyncDatabase

    from analysis.reports.posts import Post
    from services.mongodb import Document

_BARS = 10


async def of_hashtag(database: AsyncDatabase[Document], name: str) -> Report:
    """The report of a hashtag that is stored, or that stored posts bear.

    Raises:
        ReportError: it is not, and none does.
        PyMongoError: MongoDB does not answer.
    """
    key = name.lower()
    hashtag = await database[HASHTAGS].find_one({"_id": key})
    posts = await newest(database, {"hashtags": name}, collation=ANY_CASE)
    if hashtag is None and not posts:
        raise ReportError(f"nothing of hashtag {name} is stored: manage.py crawl hashtag {name}")
    days = await database[HASHTAG_DAILY].find({"hashtag": key}).sort("day", 1).to_list()
    known = hashtag or {}
    counters = known.get("statistics") or {}
    address = f"https://www.tiktok.com/tag/{quote(name, safe='')}"
    return Report(
        title=f"Hashtag {known.get('name') or name}",
        text=known.get("description"),
        facts=[
            ("page", Link(f"#{known.get('name') or name}", address)),
            ("views, as TikTok tells", counters.get("views")),
            ("posts, as TikTok tells", counters.get("videos")),
            ("stored posts", len(posts)),
            ("authors of these", len({post.author for post in posts})),
            ("median of views", middle(post.views for post in posts)),
            ("median of reactions a view", share(middle(post.rate for post in posts))),
            ("last seen", known.get("observed_at")),
        ],
        figures=list(_figures(key, days, posts)),
        tables=[table_of("The most seen posts with it", most_seen(posts)), _authors(posts)],
        notes=[
            note_of(posts),
            "Days are those of the roll-ups, which the scheduler keeps."
            if days
            else "There are no roll-ups by the day yet: the scheduler makes them.",
        ],
    )


def _figures(key: str, days: Sequence[Document], posts: Sequence[Post]) -> Iterator[Figure]:
    for name, title, field in (
        ("gained", "Views that its posts gained a day", "views_gained"),
        ("posts", "Posts made with it a day", "posts"),
    ):
        points = [(day["day"], day.get(field)) for day in days]
        if points:
            yield Figure(name=name, chart=Chart(title=title, series={field: points}))
    together = Counter(other for post in posts for other in post.hashtags - {key})
    if together:
        yield _bars(
            "together", "Posts with these hashtags too", together.most_common(_BARS), "posts"
        )
        beside: list[tuple[str, float | None]] = [
            (f"with {other}", middle(post.views for post in posts if other in post.hashtags))
            for other, _ in together.most_common(_BARS - 1)
        ]
        beside.insert(0, (f"all with {key}", middle(post.views for post in posts)))
        yield _bars("views-together", "Median of views", beside, "views")
    countries = Counter(post.country or "unknown" for post in posts)
    if countries:
        yield _bars(
            "countries", "Where posts with it come from", countries.most_common(_BARS), "posts"
        )


def _bars(name: str, title: str, points: Sequence[tuple[str, float | None]], unit: str) -> Figure:
    return Figure(name=name, chart=Chart(title=title, series={unit: points}, y=unit, has_bars=True))


def _authors(posts: Sequence[Post]) -> Table:
    found: defaultdict[str, list[Post]] = defaultdict(list)
    for post in posts:
        if post.author is not None:
            found[post.author].append(post)
    most = sorted(found.items(), key=lambda one: -sum(post.views or 0 for post in one[1]))
    return Table(
        title="The most seen authors",
        columns=("author", "posts", "views", "median of views"),
        rows=[
            (
                name,
                len(theirs),
                sum(post.views or 0 for post in theirs),
                middle(post.views for post in theirs),
            )
            for name, theirs in most[:_BARS]
        ],
    )
