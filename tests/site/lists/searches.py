"""What a search finds: posts, users, and things that are neither."""

from __future__ import annotations

import json
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Any
from zlib import crc32

from tests.site.lists.posts import list_item
from tests.site.people import person, username_of
from tests.site.posts import post

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = dict[str, Any]

_USERS_AT = 2
_LIVE_AT = 5


@lru_cache(maxsize=2_000)
def usernames(query: str, length: int) -> tuple[str, ...]:
    """The users that a search finds, each once."""
    rng = Random(crc32(query.encode()))
    found: dict[str, None] = {}
    while len(found) < min(length, 1_000):
        found[username_of(rng)] = None
    return tuple(found)


def top_results(ids: Sequence[str], query: str, url: str, *, is_first: bool) -> list[Json]:
    """``data`` of the top tab: posts, and on the first page some users and a live stream too."""
    rows = [
        {"type": 1, "item": search_item(one, url), "common": {"doc_id_str": one}} for one in ids
    ]
    if is_first and rows:
        users = [user_result(name, url) for name in usernames(query, 3)]
        rows.insert(_USERS_AT, {"type": 4, "user_list": users, "common": {"doc_id_str": "0"}})
        rows.insert(_LIVE_AT, _live(query))
    return rows


def search_item(post_id: str, url: str) -> Json:
    """A post as searches write it: without exact statistics."""
    item = list_item(post(post_id), url)
    del item["statsV2"], item["authorStatsV2"]
    return item


def user_result(username: str, url: str) -> Json:
    """A user as searches write it: everything in snake_case."""
    who = person(username)
    avatar = f"{url}/media/avatar/{who.user_id}/100x100.jpeg"
    info = {
        "uid": who.user_id,
        "unique_id": who.username,
        "sec_uid": who.sec_uid,
        "nickname": who.nickname,
        "signature": f"Hi, it's {who.nickname}",
        "follower_count": who.follower_count,
        "avatar_thumb": {"uri": who.user_id, "url_list": [avatar]},
        "custom_verify": "verified account" if who.verified else "",
        "room_id": "0",
    }
    return {"user_info": info, "position": None, "is_red_uniqueid": False}


def _live(query: str) -> Json:
    room = {"id": "7420000000000000003", "title": f"live: {query}"}
    live = {"raw_data": json.dumps(room)}
    return {"type": 61, "live_info": live, "common": {"doc_id_str": room["id"]}}
