"""What makes a document useless."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.documents.hashtag import Hashtag
from pipelines.documents.user import User

if TYPE_CHECKING:
    from pipelines.documents.comment import Comment
    from pipelines.documents.music import Music
    from pipelines.documents.video import Video

_LONGEST_NAME = 200


def find_problems(video: Video) -> list[str]:
    """Why a post must not be stored, each a word for the statistics; empty when it may."""
    problems = []
    if not _is_number(video.id):
        problems.append("no_id")
    if _says_nothing(video):
        problems.append("nothing_known")
    return problems


def find_entity_problems(document: User | Hashtag | Music | Comment) -> list[str]:
    """The same of what is no post."""
    if isinstance(document, Hashtag):
        return [] if 0 < len(document.id) <= _LONGEST_NAME else ["no_id"]
    problems = [] if _is_number(document.id) else ["no_id"]
    if isinstance(document, User) and not (document.username or document.sec_uid):
        problems.append("nothing_known")
    return problems


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 20


def _says_nothing(video: Video) -> bool:
    author, statistics = video.author, video.statistics
    return not (
        video.description
        or video.media
        or video.images
        or video.thumbnail
        or author.username
        or author.id
        or statistics.views is not None
    )
