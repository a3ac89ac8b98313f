"""Why a field of an answer is null: a small set of words that stay.

Every null of an extraction's ``metadata``, and a null ``video_url``, has its word in
``meta.absent``. A new word is added here and nowhere else, and is listed in the callers'
documentation.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.documents.video import Music, Video

VIDEO_URL = "video_url"
"""The one field beside ``metadata`` that has a reason."""

_ASKED_FOR = frozenset({"country", "region"})
_OF_FILES = frozenset({"duration", "resolution"})


class NullReason(StrEnum):
    """A stable word for why a field is null."""

    NOT_REQUESTED = "not_requested"
    NOT_GIVEN = "not_given"
    PHOTO_POST = "photo_post"
    SOUND_REMOVED = "sound_removed"
    WATERMARKED_ONLY = "watermarked_only"


def reasons_for_nulls(
    video: Video, metadata: dict[str, Any], *, with_country: bool
) -> dict[str, str]:
    """The reason of each null of a post's ``metadata``, by its path such as ``author.nickname``.

    Places in lists are part of the path: ``images.0.width``.
    """
    return {
        path: _reason(video, path, with_country=with_country).value for path in _nulls(metadata)
    }


def reason_for_no_file(video: Video) -> NullReason | None:
    """Why a post has no file to play; None when it has one.

    A file that bears TikTok's mark is none.
    """
    if video.type == "photo":
        return NullReason.PHOTO_POST
    if video.media is None:
        return NullReason.NOT_GIVEN
    return NullReason.WATERMARKED_ONLY if video.media.watermark else None


def _reason(video: Video, path: str, *, with_country: bool) -> NullReason:
    if path in _ASKED_FOR and not with_country:
        return NullReason.NOT_REQUESTED
    if path in _OF_FILES and video.type == "photo":
        return NullReason.PHOTO_POST
    if path.startswith("music.") and _is_removed(video.music, is_muted=video.muted is True):
        return NullReason.SOUND_REMOVED
    return NullReason.NOT_GIVEN


def _is_removed(music: Music, *, is_muted: bool) -> bool:
    """Whether TikTok took the sound away; a list that names no sound at all says nothing of it."""
    is_named = music.title is not None or music.author is not None
    return is_muted or (music.id is None and is_named)


def _nulls(part: dict[str, Any], above: str = "") -> Iterator[str]:
    for name, value in part.items():
        if value is None:
            yield above + name
        elif isinstance(value, dict):
            yield from _nulls(value, f"{above}{name}.")
        elif isinstance(value, list):
            members = {str(place): one for place, one in enumerate(value)}
            yield from _nulls(members, f"{above}{name}.")
