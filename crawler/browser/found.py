"""What one element of a list is: its kind, its id, and what bounds look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawler.items import Kind
from crawler.raw_posts import hidden_reason

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An element of a list."""

    kind: Kind
    id: str
    data: Json = field(repr=False)
    """TikTok's own object, untouched."""
    created_at: int | None = None
    """Unix seconds; None when it does not say."""
    is_pinned: bool = False
    parent_id: str | None = None
    """The comment that it answers, when it stood inside that one."""


def posts_in(values: object) -> list[Found]:
    """The posts of a list; what is none is left out."""
    return [found for value in _objects(values) if (found := _post(value))]


def comments_in(values: object) -> list[Found]:
    """The comments of a list, each before the replies that stand inside it."""
    found = []
    for value in _objects(values):
        if comment := _comment(value):
            found.append(comment)
            found += (
                reply
                for inner in _objects(value.get("reply_comment"))
                if (reply := _comment(inner, parent_id=comment.id))
            )
    return found


def users_in(values: object) -> list[Found]:
    """The users that a search lists."""
    infos = (value.get("user_info") or value.get("userInfo") for value in _objects(values))
    return [found for info in infos if isinstance(info, dict) and (found := _user(info))]


def results_in(values: object) -> list[Found]:
    """What the first tab of a search lists: posts and users; other things are left out."""
    found = []
    for value in _objects(values):
        found += posts_in([value.get("item")])
        found += users_in(value.get("user_list"))
    return found


def seconds_of(value: object) -> int | None:
    """Unix seconds, which stand in pages as text and in lists as a number."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)
    return value if isinstance(value, int) and value > 0 else None


def _objects(values: object) -> Iterable[Json]:
    return (one for one in values if isinstance(one, dict)) if isinstance(values, list) else ()


def _id_of(value: Json, *names: str) -> str:
    """The first of these ids that is one."""
    ids = (str(value.get(name) or "") for name in names)
    return next((one for one in ids if one.isascii() and one.isdigit()), "")


def _post(value: Json) -> Found | None:
    post_id = _id_of(value, "id", "aweme_id")
    if not post_id or hidden_reason(value) is not None:
        return None
    return Found(
        kind=Kind.VIDEO,
        id=post_id,
        data=value,
        created_at=seconds_of(value.get("createTime") or value.get("create_time")),
        is_pinned=value.get("isPinnedItem") is True,
    )


def _comment(value: Json, *, parent_id: str | None = None) -> Found | None:
    comment_id = _id_of(value, "cid")
    if not comment_id:
        return None
    return Found(
        kind=Kind.COMMENT,
        id=comment_id,
        data=value,
        created_at=seconds_of(value.get("create_time")),
        parent_id=parent_id,
    )


def _user(info: Json) -> Found | None:
    user_id = _id_of(info, "uid", "id")
    return Found(kind=Kind.USER, id=user_id, data=info) if user_id else None
