"""Documents as callers get them: the shapes that the HTTP contract fixes."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipelines.documents.comment import Comment
from pipelines.documents.hashtag import Hashtag
from pipelines.documents.mongo import to_plain
from pipelines.documents.music import Music
from pipelines.documents.nulls import VIDEO_URL, reason_for_no_file, reasons_for_nulls
from pipelines.documents.user import User
from pipelines.documents.video import Video

if TYPE_CHECKING:
    from collections.abc import Mapping

Document = Video | User | Hashtag | Music | Comment

_INTERNAL = frozenset(
    {"layout", "spider", "job_id", "parser_version", "schema_version", "first_seen_at"}
)
_IDS: Mapping[type[Document], str | None] = {
    User: "user_id",
    Music: "music_id",
    Comment: "comment_id",
    Hashtag: None,
}
"""By which name an id is shown; a hashtag's is its name, which is shown anyway."""


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


def item(document: Document) -> dict[str, Any]:
    """A document as an item of a list; a post's country is for those who ask for the post."""
    if isinstance(document, Video):
        observed_at = timestamp(document.observed_at)
        return {**metadata(document, with_country=False), "observed_at": observed_at}
    plain = to_plain(document)
    return {shown: _written(plain[name]) for name, shown in names_of(type(document)).items()}


def names_of(kind: type[Document]) -> dict[str, str]:
    """The fields of a document that callers see, and by which names; of posts see above."""
    names = {one.name: one.name for one in fields(kind) if one.name not in _INTERNAL}
    shown = _IDS[kind]
    del names["id"]
    return names if shown is None else {"id": shown, **names}


def _written(value: Any) -> Any:
    return timestamp(value) if isinstance(value, datetime) else value


def timestamp(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with a trailing Z and no fraction."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment is not None else None
