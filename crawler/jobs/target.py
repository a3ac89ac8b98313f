"""A target as people write it: a type and a name, an id, a link or a query."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

from crawler.links import LinkError, Target, TargetType, parse_link

if TYPE_CHECKING:
    from collections.abc import Callable

TYPES = (
    *(TargetType.VIDEO, TargetType.USER, TargetType.HASHTAG, TargetType.MUSIC),
    *(TargetType.COMMENTS, TargetType.SEARCH),
)
"""What may be asked for."""

_POST_ID = re.compile(r"[0-9]{1,20}")
_MUSIC_ID = re.compile(r"[0-9]{5,20}")
_USERNAME = re.compile(r"@?(?!_$)([A-Za-z0-9_.\-]{1,80})")
_HASHTAG = re.compile(r"#?(?!\.+$)([^\s/?#@%&\\\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,100})")
_QUERY = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,200}")
_LINK = re.compile(r"(?:https?://|(?:[a-z0-9\-]+\.)*tiktokv?\.com/)\S*", re.IGNORECASE)
_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_EXPECTED = {
    TargetType.VIDEO: "the id of a post, or a link to it such as"
    " https://www.tiktok.com/@username/video/id or https://vm.tiktok.com/code",
    TargetType.USER: "a username such as @someone, or a link such as"
    " https://www.tiktok.com/@someone",
    TargetType.HASHTAG: "a hashtag such as #cooking, or a link such as"
    " https://www.tiktok.com/tag/cooking",
    TargetType.MUSIC: "the id of a sound, or a link such as"
    " https://www.tiktok.com/music/original-sound-id",
    TargetType.COMMENTS: "the id of a post, or its full link such as"
    " https://www.tiktok.com/@username/video/id",
    TargetType.SEARCH: "1 to 200 characters to search for, or a link such as"
    " https://www.tiktok.com/search?q=cooking",
}

_LEADS_TO = {
    TargetType.VIDEO: "a post",
    TargetType.SHORT: "what only TikTok knows",
    TargetType.USER: "a user",
    TargetType.HASHTAG: "a hashtag",
    TargetType.MUSIC: "a sound",
    TargetType.SEARCH: "a search",
    TargetType.PLAYLIST: "a playlist",
    TargetType.COLLECTION: "a collection",
    TargetType.LIVE: "a live broadcast",
    TargetType.EFFECT: "an effect",
}


class TargetError(ValueError):
    """A target is none; the text says what is wrong with it and what to write."""


def read_target(kind: object, value: object) -> Target:
    """The target that a type and a value name.

    Names of users and hashtags are in small letters, for TikTok's own do not tell capitals apart.

    Raises:
        TargetError: they name none; the text says what to write.
    """
    if not isinstance(kind, str) or (known := _TYPES.get(kind.strip().lower())) is None:
        raise TargetError(f"the type must be one of {', '.join(TYPES)}")
    if not isinstance(value, str):
        raise TargetError("the value must be a string; write ids in quotes")
    words = value.strip()
    if not words:
        raise TargetError(f"the value is empty: expected {_EXPECTED[known]}")
    return _READERS[known](words) or _from_link(known, words)


def _video(words: str) -> Target | None:
    return _by_id(TargetType.VIDEO, _POST_ID, words)


def _comments(words: str) -> Target | None:
    return _by_id(TargetType.COMMENTS, _POST_ID, words)


def _music(words: str) -> Target | None:
    return _by_id(TargetType.MUSIC, _MUSIC_ID, words)


def _user(words: str) -> Target | None:
    return _by_name(TargetType.USER, _USERNAME, words)


def _hashtag(words: str) -> Target | None:
    return _by_name(TargetType.HASHTAG, _HASHTAG, words)


def _search(words: str) -> Target | None:
    if _LINK.fullmatch(words) or not _QUERY.fullmatch(words):
        return None
    return Target(type=TargetType.SEARCH, value=words)


_READERS: dict[TargetType, Callable[[str], Target | None]] = {
    TargetType.VIDEO: _video,
    TargetType.COMMENTS: _comments,
    TargetType.MUSIC: _music,
    TargetType.USER: _user,
    TargetType.HASHTAG: _hashtag,
    TargetType.SEARCH: _search,
}
_TYPES = {kind.value: kind for kind in TYPES}


def _by_id(kind: TargetType, pattern: re.Pattern[str], words: str) -> Target | None:
    return Target(type=kind, value=words) if pattern.fullmatch(words) else None


def _by_name(kind: TargetType, pattern: re.Pattern[str], words: str) -> Target | None:
    name = pattern.fullmatch(words)
    return Target(type=kind, value=name[1].translate(_SMALL)) if name else None


def _from_link(kind: TargetType, words: str) -> Target:
    """The target of a type to which a link leads."""
    try:
        found = parse_link(words)
    except LinkError as error:
        raise TargetError(_refusal(str(error), kind, words)) from None
    match kind, found.type:
        case TargetType.VIDEO, TargetType.VIDEO | TargetType.SHORT:
            return found
        case TargetType.COMMENTS, TargetType.VIDEO:
            return Target(type=kind, value=found.value, username=found.username)
        case _, other if other is kind and (named := _READERS[kind](found.value.strip())):
            return named
    raise TargetError(f"the link leads to {_LEADS_TO[found.type]}: expected {_EXPECTED[kind]}")


def _refusal(problem: str, kind: TargetType, words: str) -> str:
    """What is wrong with words that hold no link that is known, and what to write."""
    said = problem.partition(": expected ")[0]
    is_told = _LINK.search(words) and not said.startswith("expected ")
    return f"{said}; expected {_EXPECTED[kind]}" if is_told else f"expected {_EXPECTED[kind]}"
