"""Documents as callers get them: the shapes that the HTTP contract fixes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines.documents.video import Video


def metadata(video: Video, *, with_country: bool) -> dict[str, Any]:
    """The ``metadata`` of an extraction.

    ``country`` and ``region`` are there for those who asked for them only, and null otherwise.
    """
    author, statistics, music = video.author, video.statistics, video.music
    return {
        "video_id": video.id,
        "title": video.title,
        "description": video.description,
        "author": {
            "username": author.username,
            "nickname": author.nickname,
            "verified": author.verified,
            "follower_count": author.follower_count,
            "avatar": author.avatar,
        },
        "statistics": {
            "views": statistics.views,
            "likes": statistics.likes,
            "comments": statistics.comments,
            "shares": statistics.shares,
            "saves": statistics.saves,
        },
        "music": {
            "title": music.title,
            "author": music.author,
            "duration": music.duration,
            "url": music.url,
        },
        "hashtags": video.hashtags,
        "mentions": [f"@{mention.username}" for mention in video.mentions if mention.username],
        "duration": video.duration,
        "resolution": video.resolution,
        "thumbnail": video.thumbnail,
        "created_at": timestamp(video.created_at),
        "country": video.country if with_country else None,
        "region": video.region if with_country else None,
        "type": video.type,
        "url": video.url,
        "images": [
            {"url": image.url, "width": image.width, "height": image.height}
            for image in video.images
        ],
    }


def timestamp(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with a trailing Z and no fraction."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment is not None else None
