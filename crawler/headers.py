"""What a page says of its target: who it is, and how many items its list has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawler.links import Target, TargetType

if TYPE_CHECKING:
    from crawler.page import Page

HEADERS = frozenset({TargetType.USER_HEADER, TargetType.HASHTAG_HEADER, TargetType.MUSIC_HEADER})
"""Targets of which the header alone is wanted."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A page's own words on its target."""

    data: Json = field(repr=False)
    """``userInfo``, ``challengeInfo``, ``musicInfo``, or a post's item."""
    owner: str
    """What calls for its list bear; empty when it does not say."""
    total: int | None
    """How many items its list has; None when it does not say."""


def owner_of(target: Target) -> str:
    """What calls for a target's list bear, when that is known without its page."""
    is_named = target.type in {TargetType.USER, TargetType.HASHTAG}
    return "" if is_named else target.value


def read_header(target: Target, scope: Json) -> Header | None:
    """The header in a page's detail scope, or in the answer that has the same shape."""
    match target.type:
        case TargetType.USER | TargetType.USER_HEADER:
            return _header(scope, "userInfo", "user", owner="secUid", total="videoCount")
        case TargetType.HASHTAG | TargetType.HASHTAG_HEADER:
            return _header(scope, "challengeInfo", "challenge", owner="id", total="videoCount")
        case TargetType.MUSIC | TargetType.MUSIC_HEADER:
            return _header(scope, "musicInfo", "music", owner="id", total="videoCount")
        case TargetType.COMMENTS:
            return _header(scope, "itemInfo", "itemStruct", owner="id", total="commentCount")
    return None


def header_in(page: Page, target: Target) -> Header | None:
    """The header that a page shows; None when it refuses, or shows another thing."""
    if page.scope is None or not page.is_served or page.reason is not None:
        return None
    return read_header(target, page.scope)


def _header(scope: Json, name: str, inner: str, *, owner: str, total: str) -> Header | None:
    info = _object(scope.get(name))
    about = _object(info.get(inner))
    if not about:
        return None
    holder = about if name == "itemInfo" else info
    owned = about.get(owner)
    return Header(
        data=info, owner=owned if isinstance(owned, str) else "", total=_total(holder, total)
    )


def _total(holder: Json, name: str) -> int | None:
    """The exact count first; a hashtag's 0 beside its views is a count that is not known."""
    found = [_object(holder.get(where)) for where in ("statsV2", "stats")]
    counts = (_count(counters.get(name)) for counters in found)
    total = next((count for count in counts if count is not None), None)
    views = any(_count(counters.get("viewCount")) for counters in found)
    return None if total == 0 and views else total


def _count(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}
