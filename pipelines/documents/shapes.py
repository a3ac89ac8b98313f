"""The one public shape of each kind of item, wherever it is answered: reads, crawls, exports.

Each is made of the stored document. Null is what TikTok does not tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pipelines.documents import public
from pipelines.documents.mongo import from_mongo
from pipelines.documents.public import timestamp
from pipelines.documents.video import Video

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Stored = Mapping[str, Any]

_SITE = "https://www.tiktok.com"
_UNSHOWN_OF_VIDEOS = (
    *("renditions", "media", "session", "subtitles", "archive", "anchors", "effects"),
    *("screen_texts", "suggested_words", "keywords", "labels", "place"),
)
PROJECTIONS: Mapping[str, dict[str, int]] = {"video": dict.fromkeys(_UNSHOWN_OF_VIDEOS, 0)}
"""What need not be read of the documents of a kind to show them."""


def video(stored: Stored, *, with_country: bool = False) -> dict[str, Any]:
    """A post: the ``metadata`` of an extraction, and when it was seen."""
    document = from_mongo(Video, dict(stored))
    return {
        **public.metadata(document, with_country=with_country),
        "observed_at": timestamp(document.observed_at),
    }


def user(stored: Stored) -> dict[str, Any]:
    """A user, as the profile shows them."""
    username = stored.get("username")
    return {
        "user_id": stored["_id"],
        "username": username,
        "nickname": stored.get("nickname"),
        "bio": stored.get("signature"),
        "link": stored.get("link"),
        "verified": stored.get("verified"),
        "private": stored.get("private"),
        "avatar": stored.get("avatar"),
        "region": stored.get("region"),
        "statistics": _counters(stored, "followers", "following", "likes", "videos"),
        "created_at": timestamp(stored.get("created_at")),
        "url": f"{_SITE}/@{username}" if username else None,
        "observed_at": timestamp(stored["observed_at"]),
    }


def hashtag(stored: Stored) -> dict[str, Any]:
    """A hashtag."""
    name = stored.get("name")
    return {
        "hashtag_id": stored.get("hashtag_id"),
        "name": name,
        "description": stored.get("description"),
        "thumbnail": stored.get("cover"),
        "statistics": _counters(stored, "videos", "views"),
        "url": f"{_SITE}/tag/{quote(name, safe='')}" if name else None,
        "observed_at": timestamp(stored["observed_at"]),
    }


def music(stored: Stored) -> dict[str, Any]:
    """A sound."""
    return {
        "music_id": stored["_id"],
        "title": stored.get("title"),
        "author": stored.get("author"),
        "album": stored.get("album"),
        "duration": stored.get("duration"),
        "original": stored.get("original"),
        "thumbnail": stored.get("cover"),
        "statistics": _counters(stored, "videos"),
        "url": f"{_SITE}/music/-{stored['_id']}",
        "observed_at": timestamp(stored["observed_at"]),
    }


def comment(stored: Stored) -> dict[str, Any]:
    """A comment on a post, or a reply to one."""
    author = stored.get("author") or {}
    return {
        "comment_id": stored["_id"],
        "video_id": stored.get("video_id"),
        "parent_id": stored.get("parent_id"),
        "text": stored.get("text"),
        "language": stored.get("language"),
        "author": {
            "username": author.get("username"),
            "nickname": author.get("nickname"),
            "verified": author.get("verified"),
            "avatar": author.get("avatar"),
        },
        "statistics": {"likes": stored.get("likes"), "replies": stored.get("reply_count")},
        "pinned": stored.get("pinned"),
        "liked_by_author": stored.get("liked_by_author"),
        "created_at": timestamp(stored.get("created_at")),
        "observed_at": timestamp(stored["observed_at"]),
    }


def _counters(stored: Stored, *names: str) -> dict[str, int | None]:
    known = stored.get("statistics") or {}
    return {name: known.get(name) for name in names}


_SHAPES: Mapping[str, Callable[[Stored], dict[str, Any]]] = {
    "user": user,
    "hashtag": hashtag,
    "music": music,
    "comment": comment,
}


def show(kind: str, stored: Stored, *, with_country: bool = False) -> dict[str, Any]:
    """An item of a kind, ``video``, ``user``, ``hashtag``, ``music`` or ``comment``."""
    if kind == "video":
        return video(stored, with_country=with_country)
    return _SHAPES[kind](stored)
