"""The layout of 2021 to 2023: the author is a plain name, and the rest stands beside it."""

from __future__ import annotations

from typing import Any


def to_item(item: dict[str, Any]) -> dict[str, Any]:
    """The same post with an author object; one that has it stays as it is."""
    if not isinstance(item.get("author"), str):
        return item
    author = {
        "id": item.get("authorId"),
        "uniqueId": item.get("author"),
        "secUid": item.get("authorSecId"),
        "nickname": item.get("nickname"),
        "avatarThumb": item.get("avatarThumb"),
        "privateAccount": item.get("authorPrivate"),
        "verified": item.get("verified"),
    }
    return {**item, "author": author}
