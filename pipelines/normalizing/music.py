"""The sound of a post."""

from __future__ import annotations

from typing import Any

from pipelines.documents.video import Music
from pipelines.values import as_dict, first_url, to_bool, to_id, to_int, to_text, to_url

_COVERS = ("coverLarge", "coverMedium", "coverThumb")


def music_of(item: dict[str, Any]) -> Music:
    """The sound; all null when it was removed."""
    music = as_dict(item.get("music"))
    author = to_text(music.get("authorName"))
    names = (author or "").replace(" & ", ", ").split(", ")
    return Music(
        id=to_id(music.get("id")),
        title=to_text(music.get("title")),
        author=author,
        artists=[name.strip() for name in names if name.strip()],
        album=to_text(music.get("album")),
        duration=to_int(music.get("duration")) or None,
        original=to_bool(music.get("original")),
        copyrighted=to_bool(music.get("isCopyrighted")),
        commerce=to_bool(music.get("is_commerce_music")),
        private=to_bool(music.get("private")),
        url=to_url(music.get("playUrl")),
        cover=first_url(*(music.get(name) for name in _COVERS)),
    )
