"""What makes a document useless."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.documents.video import Video


def find_problems(video: Video) -> list[str]:
    """Why a post must not be stored, each a word for the statistics; empty when it may."""
    problems = []
    if not (video.id.isascii() and video.id.isdigit() and len(video.id) <= 20):
        problems.append("no_id")
    if _says_nothing(video):
        problems.append("nothing_known")
    return problems


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
