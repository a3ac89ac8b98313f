"""What of an item is of users who were erased: all of it, or that somebody else names them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipelines.documents.comment import Comment
from pipelines.documents.music import Music
from pipelines.documents.user import User
from pipelines.posts import Post

if TYPE_CHECKING:
    from crawler.jobs.erasures.erasures import Erasures
    from pipelines.documents.video import Mention
    from pipelines.entities import Entity

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
    """Leave out of somebody else's post or comment that it names them."""
    if isinstance(item, Post):
        video = item.video
        names = _named(video.mentions, erasures)
        for name in names:
            video.title, video.description = (
                unnamed(text, name) for text in (video.title, video.description)
            )
        if erasures.has_video(video.duet_of):
            video.duet_of = None
        if erasures.has_video(video.stitch_of):
            video.stitch_of = None
    elif isinstance(item.document, Comment):
        for name in _named(item.document.mentions, erasures):
            item.document.text = unnamed(item.document.text, name)


def unnamed(text: str | None, username: str) -> str | None:
    """A text that does not name a user any more."""
    return handle_of(username).sub(NOBODY, text) if text else text


def handle_of(username: str) -> re.Pattern[str]:
    """Finds a handle in a text, whatever its case; a longer one that begins like it is another."""
    return re.compile(rf"@{re.escape(username)}(?![a-z0-9_]|\.[a-z0-9_])", re.IGNORECASE)


def _named(mentions: list[Mention], erasures: Erasures) -> list[str]:
    """Take erased users out of mentions, and answer their names."""
    gone = [one for one in mentions if erasures.has_user(one.user_id, one.username)]
    for one in gone:
        mentions.remove(one)
    return [one.username for one in gone if one.username]
