"""Captions of synthetic posts: many scripts, hashtags with emoji, mentions, odd spacing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any
from zlib import crc32

from tests.site.people import person, username_of

if TYPE_CHECKING:
    from random import Random

Json = dict[str, Any]

_OPENINGS = (
    "POV: you finally fixed the kitchen sink",
    "three minutes, one pan, no regrets 🍳",
    "Wait for the end 😱",
    "この坂道、自転車で登れる？",
    "أجمل غروب في المدينة القديمة",
    "Como fazer pão de queijo em casa ❤️",
    "day 41 of learning the cello",
    "Что будет, если смешать это?",
    "엄마가 만든 김치찌개",
    "=SUM(A1:A9) jokes only accountants get",
    "",
)
_HASHTAGS = (
    "fyp", "foryou", "DIY", "cooking", "料理", "غروب", "paodequeijo", "cello",
    "김치", "SmallBusiness", "booktok", "❤️", "viral", "travel2024", "наука", "LearnOnTikTok",
)  # fmt: skip
_COVERS = (
    "profileLarger",
    "profileMedium",
    "profileThumb",
    "coverLarger",
    "coverMedium",
    "coverThumb",
)


@dataclass(frozen=True)
class Caption:
    """What a post says, and whom and what it names."""

    opening: str
    hashtags: tuple[str, ...]
    mentions: tuple[str, ...]

    @cached_property
    def text(self) -> str:
        """The caption as its author typed it."""
        words = [self.opening] if self.opening else []
        words += [f"@{name}" for name in self.mentions]
        words += [f"#{name}" for name in self.hashtags]
        return " ".join(words)

    @cached_property
    def text_extra(self) -> list[Json]:
        """TikTok's spans over the caption: hashtags are type 1, mentions type 0."""
        spans, at = [], 0
        for name in self.mentions:
            at = self.text.index(f"@{name}", at)
            spans.append(_span(at, f"@{name}", username=name))
        for name in self.hashtags:
            at = self.text.index(f"#{name}", at)
            spans.append(_span(at, f"#{name}", hashtag=name))
            at += len(name) + 1
        return spans


def draw_caption(rng: Random) -> Caption:
    """Draw a caption with up to six hashtags and sometimes a mention."""
    mentions = (username_of(rng),) if rng.random() < 0.2 else ()
    return Caption(
        opening=rng.choice(_OPENINGS),
        hashtags=tuple(rng.sample(_HASHTAGS, rng.randrange(7))),
        mentions=mentions,
    )


def hashtag_id(name: str) -> str:
    """The id of a hashtag; old ones are short."""
    return str(crc32(name.encode()))


@cache
def hashtag_json(name: str) -> Json:
    """The hashtag object of a post's ``challenges``."""
    covers = dict.fromkeys(_COVERS, "")
    return {"id": hashtag_id(name), "title": name, "desc": "", "isCommerce": False, **covers}


def _span(start: int, text: str, *, username: str = "", hashtag: str = "") -> Json:
    who = person(username) if username else None
    return {
        "awemeId": "",
        "start": start,
        "end": start + len(text),
        "hashtagId": hashtag_id(hashtag) if hashtag else "",
        "hashtagName": hashtag,
        "type": 1 if hashtag else 0,
        "subType": 0,
        "userId": who.user_id if who else "",
        "isCommerce": False,
        "userUniqueId": username,
        "secUid": who.sec_uid if who else "",
    }
