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
_HANDLE = re.compile(r"@([\w.\-]+)")


def title_of(description: str | None) -> str | None:
    """The first line of the caption, cut at a word: TikTok gives no titles."""
    line = next(iter((description or "").strip().splitlines()), "").strip()
    if len(line) <= _TITLE_LENGTH:
        return line or None
    return line[:_TITLE_LENGTH].rstrip()


def hashtags_of(item: dict[str, Any], description: str | None) -> list[str]:
    """All hashtags in the order of the caption, each once whatever its case."""
    extras = _extras(item)
    names = [to_text(extra.get("hashtagName")) for extra in extras]
    challenges = [to_text(one.get("title")) for one in dicts(item.get("challenges"))]
    found = _distinct([*names, *_in_order(challenges, description or "")])
    return found or _distinct(_HASHTAG.findall(description or ""))


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
    extras = dicts(item.get("textExtra"))
    inner = [one for part in dicts(item.get("contents")) for one in dicts(part.get("textExtra"))]
    return extras + inner


def _in_order(names: list[str | None], description: str) -> list[str]:
    folded = description.casefold()
    known = [name for name in names if name]
    places = {name: folded.find(f"#{name.casefold()}") for name in known}
    return sorted(known, key=lambda name: places[name] if places[name] >= 0 else len(folded))


def _distinct(names: Iterable[str | None]) -> list[str]:
    distinct: dict[str, str] = {}
    for name in names:
        if name:
            distinct.setdefault(name.casefold(), to_utf8(name))
    return list(distinct.values())


def _named_at(extra: dict[str, Any], description: str) -> str | None:
    """The handle at the place that the extra names; places count UTF-16 units."""
    start, end = to_int(extra.get("start")), to_int(extra.get("end"))
    if start is None or end is None or not start < end <= 2 * len(description):
        return None
    units = description.encode("utf-16-le", "replace")[2 * start : 2 * end]
    found = _HANDLE.match(units.decode("utf-16-le", "replace").strip())
    return found[1] if found else None
