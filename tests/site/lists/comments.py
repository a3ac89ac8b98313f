"""Comments of synthetic posts, and replies to them."""

from __future__ import annotations

import json
from functools import lru_cache
from random import Random
from typing import Any
from zlib import crc32

from tests.site.people import Person, person, username_of
from tests.site.posts import post

Json = dict[str, Any]

MOST_REPLIES = 45
_MONTH_S = 30 * 24 * 3600
_TEXTS = (
    "this is gold 😂😂",
    "Where did you buy the pan?",
    '=HYPERLINK("http://example.org")',
    "わかりやすい！ありがとう",
    "ما شاء الله",
    "first",
    "part two please 🙏",
    "line one\nline two\r",
    "+1",
    "가고 싶다",
    "",
)
_LANGUAGES = ("en", "en", "un", "ja", "ar", "en", "en", "en", "un", "ko", "un")


@lru_cache(maxsize=2_000)
def comment_ids(post_id: str, length: int) -> tuple[str, ...]:
    """The ids of a post's comments in the order given, which is not that of time."""
    return tuple(_id(post_id, number, post(post_id).created_at) for number in range(length))


@lru_cache(maxsize=20_000)
def reply_ids(comment_id: str) -> tuple[str, ...]:
    """The ids of the replies to a comment, oldest first; every fifth comment or so has some."""
    drawn = crc32(comment_id.encode())
    length = 0 if drawn % 5 else 1 + drawn // 5 % MOST_REPLIES
    return tuple(_id(comment_id, number, int(comment_id) >> 32) for number in range(length))


def reply_total(post_id: str, length: int) -> int:
    """How many replies there are to that many comments."""
    return sum(len(reply_ids(comment)) for comment in comment_ids(post_id, length))


def comment_json(comment_id: str, *, post_id: str, url: str, parent: str = "0") -> Json:
    """A comment as ``/api/comment/list/`` and its replies write it."""
    rng = Random(int(comment_id))
    text, language = rng.choice(list(zip(_TEXTS, _LANGUAGES, strict=True)))
    who = person(username_of(rng))
    named = person(username_of(rng)) if rng.random() < 0.1 else None
    replies = len(reply_ids(comment_id)) if parent == "0" else 0
    return {
        "cid": comment_id,
        "aweme_id": post_id,
        "text": f"@{named.username} {text}" if named else text,
        "text_extra": [_mention(named)] if named else [],
        "create_time": (int(comment_id) >> 32) + 17,
        "comment_language": language,
        "digg_count": int(10 ** rng.uniform(0, 4)),
        "reply_comment_total": replies,
        "reply_comment": None,
        "reply_id": parent,
        "reply_to_reply_id": "0",
        "author_pin": False,
        "is_author_digged": rng.random() < 0.1,
        "stick_position": 0,
        "status": 1,
        "no_show": False,
        "label_list": None,
        "image_list": None,
        "share_info": {"url": "", "title": "", "desc": text},
        "sort_tags": json.dumps({"top_list": 1}),
        "user_buried": False,
        "user_digged": 0,
        "user": _user(who, url),
    }


def _user(who: Person, url: str) -> Json:
    avatar = f"{url}/media/avatar/{who.user_id}/100x100.jpeg"
    return {
        "uid": who.user_id,
        "unique_id": who.username,
        "sec_uid": who.sec_uid,
        "nickname": who.nickname,
        "avatar_thumb": {"uri": who.user_id, "url_list": [avatar]},
        "custom_verify": "verified account" if who.verified else "",
    }


def _mention(who: Person) -> Json:
    return {
        "start": 0,
        "end": len(who.username) + 1,
        "user_id": who.user_id,
        "sec_uid": who.sec_uid,
        "hashtag_name": "",
    }


def _id(key: str, number: int, after: int) -> str:
    drawn = crc32(f"{key} reply {number}".encode())
    return str((after + 600 + drawn % _MONTH_S << 32) + drawn)
