"""What of an item is of users who were erased: all of it, or that somebody else names them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipelines.documents.comment import Comment
from pipelines.documents.music import Music
from pipelines.documents.user import User
from pipelines.posts import Post

if TYPE_CHECKING:
    from crawler.jobs.erasures.erasures import Erasures
    from pipelines.entities import Entity

_TEXTS = ("title", "description", "text", "signature")
_HANDLE = re.compile(r"@([\w.]+)", re.ASCII)
NOBODY = "@…"
"""What stands in a text where it named somebody who was erased."""


def is_of_erased(item: Post | Entity, erasures: Erasures) -> bool:
    """Whether it is their post, profile, sound or comment, or a comment on a post of theirs."""
    if isinstance(item, Post):
        author = item.video.author
        return erasures.has_user(author.id, author.username) or erasures.has_video(item.id)
    document = item.document
    if isinstance(document, User):
        return erasures.has_user(document.id, document.username)
    if isinstance(document, Comment):
        author_id, name = document.author.id, document.author.username
        return erasures.has_user(author_id, name) or erasures.has_video(document.video_id)
    if isinstance(document, Music):
        return erasures.has_user(document.author_id, document.author_username)
    return False


def without_erased(item: Post | Entity, erasures: Erasures) -> None:
    """Leave out of what is somebody else's that it names them; no raw item is kept of it then."""
    document: Any = item.video if isinstance(item, Post) else item.document
    mentions = getattr(document, "mentions", [])
    gone = [one for one in mentions if erasures.has_user(one.user_id, one.username)]
    for one in gone:
        mentions.remove(one)
    names = [one.username for one in gone if one.username]
    is_named = bool(gone)
    for field in _TEXTS:
        was = getattr(document, field, None)
        now = _without(was, names, erasures)
        if now != was:
            setattr(document, field, now)
            is_named = True
    for field in ("duet_of", "stitch_of"):
        if erasures.has_video(getattr(document, field, None)):
            setattr(document, field, None)
            is_named = True
    if is_named:
        item.raw.is_kept = False


def unnamed(text: str | None, username: str) -> str | None:
    """A text that does not name a user any more."""
    return handle_of(username).sub(NOBODY, text) if text else text


def handle_of(username: str) -> re.Pattern[str]:
    """Finds a handle in a text, whatever its case; a longer one that begins like it is another."""
    return re.compile(rf"@{re.escape(username)}(?![a-z0-9_]|\.[a-z0-9_])", re.IGNORECASE)


def _without(text: str | None, names: list[str], erasures: Erasures) -> str | None:
    for name in names:
        text = unnamed(text, name)
    for handle in set(_HANDLE.findall(text or "")):
        name = handle.rstrip(".")
        if erasures.has_user(None, name):
            text = unnamed(text, name)
    return text
