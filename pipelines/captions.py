"""What a caption says: its title, hashtags and mentions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipelines.documents.video import Mention
from pipelines.values import dicts, to_id, to_int, to_text, to_utf8

if TYPE_CHECKING:
    from collections.abc import Iterable

_TITLE_LENGTH = 72
_HASHTAG = re.compile(r"[#＃]([^\s#＃@.,;:!?()\[\]{}\"'“”…]+)")
_HANDLE = re.compile(r"@([\w.\-]+)", re.ASCII)


def title_of(description: str | None) -> str | None:
    """The first line of the caption, 72 characters at most: TikTok gives no titles."""
    line = next(iter((description or "").strip().splitlines()), "").strip()
    if len(line) <= _TITLE_LENGTH:
        return line or None
    return line[:_TITLE_LENGTH].rstrip()


def hashtags_of(item: dict[str, Any], description: str | None) -> list[str]:
    """All hashtags in the order of the caption, each once whatever its case."""
    caption = _HASHTAG.findall(description or "")
    places = {tag.casefold(): place for place, tag in reversed(list(enumerate(caption)))}
    named: list[tuple[int, str]] = []
    place = -1
    for extra in _extras(item):
        if name := to_text(extra.get("hashtagName")):
            place = places.get(name.casefold(), place)
            named.append((place, name))
    challenges = [to_text(challenge.get("title")) for challenge in dicts(item.get("challenges"))]
    named += [(places.get(name.casefold(), len(caption)), name) for name in challenges if name]
    named.sort(key=lambda pair: pair[0])
    return _distinct(name for _, name in named) or _distinct(caption)


def mentions_of(item: dict[str, Any], description: str | None) -> list[Mention]:
    """The users that the caption names."""
    mentions: dict[str, Mention] = {}
    for extra in _extras(item):
        user_id = to_id(extra.get("userId"))
        if user_id is None:
            continue
        name = to_text(extra.get("userUniqueId")) or _named_at(extra, description or "")
        sec_uid = to_id(extra.get("secUid"))
        mentions.setdefault(user_id, Mention(user_id=user_id, sec_uid=sec_uid, username=name))
    return list(mentions.values())


def source_of(item: dict[str, Any]) -> str | None:
    """The post that the caption names as the one it answers."""
    return next((found for extra in _extras(item) if (found := to_id(extra.get("awemeId")))), None)


def _extras(item: dict[str, Any]) -> list[dict[str, Any]]:
    extras = sorted(dicts(item.get("textExtra")), key=lambda extra: to_int(extra.get("start")) or 0)
    inner = [one for part in dicts(item.get("contents")) for one in dicts(part.get("textExtra"))]
    return extras + inner


def _distinct(names: Iterable[str]) -> list[str]:
    distinct: dict[str, str] = {}
    for name in names:
        distinct.setdefault(name.casefold(), to_utf8(name))
    return list(distinct.values())


def _named_at(extra: dict[str, Any], description: str) -> str | None:
    """The handle at the place that the extra names; places count UTF-16 units."""
    start, end = to_int(extra.get("start")), to_int(extra.get("end"))
    if start is None or end is None or not start < end <= 2 * len(description):
        return None
    units = description.encode("utf-16-le", "replace")[2 * start : 2 * end]
    found = _HANDLE.fullmatch(units.decode("utf-16-le", "replace").strip())
    return found[1] if found else None
