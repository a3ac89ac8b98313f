"""Posts on their way through the last stages, as a page of some moment gave them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from crawler.items import Layout, RawVideo
from pipelines.documents.video import Author, Statistics, Video
from pipelines.posts import Post

if TYPE_CHECKING:
    from crawler.jobs.records import Job

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ID = "7300000000000000001"


def a_post(
    video_id: str = ID,
    *,
    views: int = 100,
    minute: int = 0,
    title: str | None = "Bread",
    job: Job | None = None,
) -> Post:
    """A post with ``views``, seen ``minute`` minutes after the start."""
    observed_at = START + timedelta(minutes=minute)
    return Post(
        raw=RawVideo(
            video_id=video_id,
            layout=Layout.DESKTOP,
            data={"id": video_id, "desc": title},
            observed_at=observed_at,
            spider="jobs",
            job=job,
        ),
        video=Video(
            id=video_id,
            type="video",
            url=f"https://www.tiktok.com/@mara.bakes07/video/{video_id}",
            title=title,
            author=Author(id="1", username="mara.bakes07"),
            statistics=Statistics(views=views, likes=10),
            observed_at=observed_at,
        ),
    )
