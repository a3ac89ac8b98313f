"""What a list is like: how long, how it scrolls, and where it goes wrong.

A name says it by itself. ``@list_120`` has 120 posts; ``@list_120__inner__repeats__at_2`` scrolls
in an inner container and, asked for its second page, gives the first again for ever. Hashtags
(``/tag/list_120``) and queries (``/search?q=list_120``) do the same. Words: those in ``_OPTIONS``,
``at_N``, ``total_N``, ``pinned_N``, and the name of any behaviour of lists or of pages.

Posts (for their comments) and sounds have numbers instead: ``6850000`` + behaviour, three digits
+ length, five digits + ``at``, one digit (0 is the usual) + options, one digit (1 inline + 2 inner
+ 4 tab) + 1 for related lists + one digit of your choice: ``6850000 801 00120 2 2 0 1`` is the same
as the name above.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from zlib import crc32

from tests.site.lists.behaviours import LIST_BEHAVIOURS, LIST_NUMBERS
from tests.site.people import person
from tests.site.posts import post

USUAL = "usual"
_LONGEST = 400
_MOST_COMMENTS = 150
_HASHTAG_TOTAL = 1_200_000
_MUSIC_TOTAL = 48_128
_OPTIONS = ("inline", "inner", "tab", "related")
_NAME = re.compile(r"(?:[@#]|search:|users:)list_(?P<length>\d{1,5})(?P<words>(?:__[a-z0-9_]+?)*)")
_SETTING = re.compile(r"(at|total|pinned)_(\d{1,9})")
_NUMBER = re.compile(r"(?:music:)?6850000(\d{3})(\d{5})(\d)([0-7])([01])\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One list."""

    length: int
    """How many items can be had by scrolling on."""
    total: int | None = None
    """How many the page says there are; None says how many there really are."""
    inline: bool = False
    """Whether the page itself carries the first items."""
    pinned: int = 0
    """How many old posts stand first."""
    inner: bool = False
    """Whether ``<main>`` scrolls in place of the window."""
    tab: bool = False
    """Whether comments stand behind a tab of the panel."""
    related: bool = False
    """Whether the page fetches other lists beside its own."""
    behaviour: str = USUAL
    """A name of ``LIST_BEHAVIOURS``."""
    at: int = 3
    """The page, counted from 1, from which the behaviour holds."""

    def __post_init__(self) -> None:
        if self.behaviour not in LIST_BEHAVIOURS:
            raise ValueError(f"no such behaviour of lists: {self.behaviour}")
        if min(self.length, self.pinned, self.at - 1) < 0:
            raise ValueError("length and pinned count from 0, pages from 1")


@lru_cache(maxsize=20_000)
def plan_of(key: str) -> Plan:
    """The plan that a key (``@name``, ``#tag``, ``music:ID``, post id, ``search:q``) has by itself.

    Raises:
        ValueError: a word of the name is no option and no behaviour.
    """
    if found := _NAME.fullmatch(key):
        words = found["words"].split("__")[1:]
        return _worded(Plan(length=int(found["length"])), words)
    if found := _NUMBER.fullmatch(key):
        behaviour, length, at, options, related = map(int, found.groups())
        return Plan(
            length=length,
            behaviour=LIST_NUMBERS.get(behaviour, USUAL),
            at=at or 3,
            inline=bool(options & 1),
            inner=bool(options & 2),
            tab=bool(options & 4),
            related=bool(related),
        )
    return _ordinary(key)


def page_behaviour_in(key: str) -> str | int | None:
    """The page behaviour, by name or number, that a list's name or number may ask for."""
    if found := _NUMBER.fullmatch(key):
        number = int(found[1])
        return None if number in LIST_NUMBERS else number
    if found := _NAME.fullmatch(key):
        return next(filter(_is_no_word_of_lists, found["words"].split("__")[1:]), None)
    return None


def _worded(plan: Plan, words: list[str]) -> Plan:
    changes: dict[str, Any] = {}
    for word in words:
        if word in _OPTIONS:
            changes[word] = True
        elif found := _SETTING.fullmatch(word):
            changes[found[1]] = int(found[2])
        elif word in LIST_BEHAVIOURS:
            changes["behaviour"] = word
    return replace(plan, **changes)


def _is_no_word_of_lists(word: str) -> bool:
    is_known = word in _OPTIONS or word in LIST_BEHAVIOURS
    return not is_known and _SETTING.fullmatch(word) is None


def _ordinary(key: str) -> Plan:
    """A list that its name does not describe."""
    drawn = crc32(key.encode())
    if key.startswith(("others:", "replies:")):
        return Plan(length=16)
    if key.startswith("@"):
        total = person(key[1:]).video_count
        return Plan(length=min(total, _LONGEST), total=total, pinned=drawn % 3)
    if key.startswith("#"):
        return Plan(length=60 + drawn % 240, total=_HASHTAG_TOTAL)
    if key.startswith("music:"):
        return Plan(length=60 + drawn % 240, total=_MUSIC_TOTAL)
    if key.isdigit():
        total = post(key).comments
        return Plan(length=min(total * 7 // 10, _MOST_COMMENTS), total=total)
    return Plan(length=12 + drawn % 60)
