"""What a path of the site asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What stands behind an address."""

    POST = "post"
    PROFILE = "profile"
    HASHTAG = "hashtag"
    MUSIC = "music"
    SEARCH = "search"
    LIST = "list"
    """A page of a list, or a header, fetched by a page's script."""
    SHORT = "short"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What was asked for; ``key`` names it for behaviours and counters."""

    kind: Kind
    key: str
    """``7106594312292453675``, ``@name``, ``#hashtag``, ``music:ID``, ``search:query``,
    ``t/CODE`` or the path; for what a page's script fetches that of its list behind ``list:``
    or ``detail:``."""
    name: str
    """The key without its mark."""
    username: str = ""
    """The username in a post's address, which TikTok ignores."""
    form: str = ""
    """``video``, ``photo`` or ``v``, the mobile address of a post."""


_POST = re.compile(r"/@(?P<username>[^/]*)/(?P<form>video|photo)/(?P<name>\d{1,20})/?")
_SEARCH = re.compile(r"/search(?:/(?:video|user))?/?")
_FORMS = (
    (Kind.POST, "", re.compile(r"/(?P<form>v)/(?P<name>\d{1,20})(?:\.html)?/?")),
    (Kind.PROFILE, "@", re.compile(r"/@(?P<name>[^/]+)/?")),
    (Kind.HASHTAG, "#", re.compile(r"/tag/(?P<name>[^/]+)/?")),
    (Kind.MUSIC, "music:", re.compile(r"/music/(?:[^/]*-)?(?P<name>\d{1,20})/?")),
    (Kind.SHORT, "t/", re.compile(r"/t/(?P<name>[\w-]+)/*")),
)


def read_address(path: str, *, words: str = "") -> Address:
    """Read a decoded path; one that is none of TikTok's forms is its own key.

    ``words`` are those that are searched for, which stand in the query.
    """
    if words and _SEARCH.fullmatch(path):
        return Address(kind=Kind.SEARCH, key=f"search:{words}", name=words)
    if found := _POST.fullmatch(path):
        username, form, name = found.groups()
        return Address(kind=Kind.POST, key=name, name=name, username=username, form=form)
    for kind, mark, pattern in _FORMS:
        if found := pattern.fullmatch(path):
            name = found["name"]
            form = found.groupdict().get("form", "")
            return Address(kind=kind, key=mark + name, name=name, form=form)
    return Address(kind=Kind.OTHER, key=path, name=path)
