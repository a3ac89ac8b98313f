"""From a raw sound, in whichever layout, to its document; never raises."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from crawler.links import Target, TargetType, page_url
from pipelines.documents.music import Music, MusicStatistics
from pipelines.documents.video import Music as MusicOfPost
from pipelines.layouts import aweme
from pipelines.layouts.people import to_user
from pipelines.normalizing.counters import first_count
from pipelines.normalizing.music import music_of
from pipelines.normalizing.origin import origin_of
from pipelines.normalizing.user import username_of
from pipelines.values import as_dict, to_id, to_text

if TYPE_CHECKING:
    from crawler.items import RawMusic

_SHARED = tuple(field.name for field in fields(MusicOfPost) if field.name != "id")
_SNAKE = ("mid", "id_str")


def normalize_music(raw: RawMusic) -> Music:
    """The document of a raw sound; whatever it lacks or mangles is null."""
    info = as_dict(raw.data.get("musicInfo")) or as_dict(raw.data.get("music_info")) or raw.data
    sound = as_dict(info.get("music")) or info
    is_snake = any(name in sound for name in _SNAKE)
    known = music_of({"music": aweme.to_music(sound) if is_snake else sound})
    holders = (as_dict(info.get("statsV2")), as_dict(info.get("stats")), sound)
    author_id, author_username = _maker(info, sound)
    return Music(
        id=known.id or "",
        author_id=author_id,
        author_username=author_username,
        page_url=page_url(Target(type=TargetType.MUSIC, value=known.id)) if known.id else None,
        statistics=MusicStatistics(videos=first_count(holders, "videoCount", "user_count")),
        **{name: getattr(known, name) for name in _SHARED},
        **origin_of(raw),
    )


def _maker(info: dict[str, Any], sound: dict[str, Any]) -> tuple[str | None, str | None]:
    """The id and the handle of the user who made it."""
    author, _ = to_user(as_dict(info.get("author")))
    handle = to_text(sound.get("owner_handle"))
    username = username_of(author) or (handle.lower() if handle else None)
    return to_id(author.get("id")) or to_id(sound.get("owner_id")), username
