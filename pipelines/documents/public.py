"""Documents as callers get them: the shapes that the HTTP contract fixes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.documents.nulls import VIDEO_URL, reason_for_no_file, reasons_for_nulls

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


def answer(video: Video, *, with_country: bool) -> dict[str, Any]:
    """What an extraction's answer says of a post: its ``metadata``, and ``meta`` on that."""
    shown = metadata(video, with_country=with_country)
    absent = reasons_for_nulls(video, shown, with_country=with_country)
    return {"metadata": shown, "meta": _meta(video, absent)}


def bare_answer(video: Video) -> dict[str, Any]:
    """The same for those who asked for no metadata."""
    return {"meta": _meta(video, {})}


def _meta(video: Video, absent: dict[str, str]) -> dict[str, Any]:
    no_file = reason_for_no_file(video)
    reasons = {VIDEO_URL: no_file.value, **absent} if no_file else absent
    return {"observed_at": timestamp(video.observed_at), "absent": reasons}


def timestamp(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with a trailing Z and no fraction."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment is not None else None
