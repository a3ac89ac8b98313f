"""The posts of a list: which ones, and how lists write them."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zlib import crc32

from tests.site.people import exact_counts, person, rounded
from tests.site.posts import item_json, post
from tests.site.songs import song

if TYPE_CHECKING:
    from tests.site.lists.plans import Plan
    from tests.site.posts import Post

Json = dict[str, Any]

_NEWEST_AT = 1_748_000_000
_APART_S = 6 * 3600
_ABSENT = ("locationCreated", "contents", "suggestedWords", "diversificationLabels")
"""Keys that pages have and lists have not."""


@lru_cache(maxsize=2_000)
def post_ids(key: str, plan: Plan) -> tuple[str, ...]:
    """The ids of a list's posts in the order given: newest first, behind the pinned old ones."""
    ids = [_id(key, number) for number in range(plan.length)]
    pinned = ids[len(ids) - plan.pinned :] if plan.pinned else []
    return (*pinned, *ids[: len(ids) - len(pinned)])


def post_in(key: str, post_id: str) -> Post:
    """The post, with what makes it one of the list: its author, hashtag or sound."""
    one = post(post_id)
    name = key.partition(":")[2] or key[1:]
    if key.startswith("@"):
        return replace(one, username=name)
    if key.startswith("music:"):
        return replace(one, song=song(name))
    caption = one.caption
    if key.startswith("#") and name not in caption.hashtags:
        return replace(one, caption=replace(caption, hashtags=(name, *caption.hashtags)))
    return one


def list_item(one: Post, url: str, *, is_pinned: bool = False) -> Json:
    """The post as an element of ``itemList``: numbers where pages have strings, and the reverse."""
    item = item_json(one, url)
    for name in _ABSENT:
        del item[name]
    item["createTime"] = one.created_at
    item["stats"]["collectCount"] = rounded(one.saves)
    counts = exact_counts(person(one.username))
    item["authorStats"] = {name: rounded(count) for name, count in counts.items()}
    item["authorStatsV2"] = {name: str(count) for name, count in counts.items()}
    for rendition in item["video"].get("bitrateInfo", ()):
        rendition["PlayAddr"]["DataSize"] = int(rendition["PlayAddr"]["DataSize"])
    if is_pinned:
        item["isPinnedItem"] = True
    return item


def _id(key: str, number: int) -> str:
    """A post's id holds its time in the upper half; each is some six hours older than the last."""
    drawn = crc32(f"{key} {number}".encode())
    created_at = _NEWEST_AT - number * _APART_S - drawn % 3600
    return str((created_at << 32) + drawn)
