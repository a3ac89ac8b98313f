"""The report of a post: how it grew, and how it stands beside its author's others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from analysis.pictures import Chart
from analysis.reports.posts import Post, middle, most_seen, newest, note_of, share, table_of
from analysis.reports.report import Figure, Report, ReportError, Table
from analysis.rollups.collections import VIDEO_DAILY
from pipelines.collections import STATISTICS, VIDEOS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

COUNTERS = ("views", "likes", "comments", "shares", "saves")
_SHOWN_ROWS = 20


async def of_video(database: AsyncDatabase[Document], video_id: str) -> Report:
    """The report of a stored post.

    Raises:
        ReportError: it is not stored.
        PyMongoError: MongoDB does not answer.
    """
    video = await database[VIDEOS].find_one({"_id": video_id})
    if video is None:
        raise ReportError(f"no post {video_id} is stored: manage.py crawl video {video_id}")
    author = video.get("author") or {}
    rows, days, theirs = await asyncio.gather(
        database[STATISTICS].find({"meta.video_id": video_id}).sort("observed_at", 1).to_list(),
        database[VIDEO_DAILY].find({"video_id": video_id}).sort("day", 1).to_list(),
        newest(database, {"author.id": author["id"]}) if author.get("id") else _none(),
    )
    post, others = Post(video), [one for one in theirs if one.id != video_id]
    music = video.get("music") or {}
    return Report(
        title=f"Post {video_id}",
        text=video.get("description"),
        facts=[
            ("post", post.link),
            ("author", author.get("username")),
            ("nickname", author.get("nickname")),
            ("made", post.created_at),
            ("country", post.country),
            ("sound", music.get("title")),
            ("hashtags", ", ".join(video.get("hashtags") or ()) or None),
            *((name, post.counter(name)) for name in COUNTERS),
            ("reactions a view", share(post.rate)),
            ("last seen", video.get("observed_at")),
            *([("gone since", video["gone_at"])] if video.get("gone_at") else []),
        ],
        figures=list(_figures(post, rows, days, others)),
        tables=[
            table_of("The author's most seen posts", most_seen([post, *others])),
            Table(
                title=f"The last {_SHOWN_ROWS} rows of statistics",
                columns=("seen", *COUNTERS),
                rows=[
                    (row["observed_at"], *(row.get(name) for name in COUNTERS))
                    for row in rows[: -_SHOWN_ROWS - 1 : -1]
                ],
            ),
        ],
        notes=[f"The author's posts: {note_of([post, *others])}"],
    )


def _figures(
    post: Post, rows: Sequence[Document], days: Sequence[Document], others: Sequence[Post]
) -> Iterator[Figure]:
    def curve(name: str) -> list[tuple[Any, int | None]]:
        return [(row["observed_at"], row.get(name)) for row in rows]

    if rows:
        yield Figure(
            name="views", chart=Chart(title="Views", series={"views": curve("views")}, y="views")
        )
        reactions = {name: curve(name) for name in COUNTERS[1:]}
        yield Figure(name="reactions", chart=Chart(title="Reactions", series=reactions))
    gained = [(day["day"], day.get("views_gained")) for day in days]
    if any(views is not None for _, views in gained):
        chart = Chart(title="Views gained a day", series={"views": gained}, y="views")
        yield Figure(name="gained", chart=chart)
    if others:
        yield _beside("views-beside", "Views", post.views, [one.views for one in others])
        yield _beside(
            "reactions-beside",
            "Reactions a view",
            post.rate,
            [one.rate for one in others],
            is_share=True,
        )


def _beside(
    name: str,
    what: str,
    own: float | None,
    theirs: Sequence[float | None],
    *,
    is_share: bool = False,
) -> Figure:
    """A post beside its author's others."""
    bars = [
        ("this post", own),
        ("median of the others", middle(theirs)),
        ("most of the others", max((one for one in theirs if one is not None), default=None)),
    ]
    chart = Chart(
        title=f"{what}, beside {len(theirs):,} others of the author",
        series={what: bars},
        y=what.lower(),
        has_bars=True,
        is_share=is_share,
    )
    return Figure(name=name, chart=chart)


async def _none() -> list[Post]:
    return []
