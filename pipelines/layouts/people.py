"""Users in all their layouts: a profile's, an author's, and the snake_case of searches."""

from __future__ import annotations

from typing import Any, NamedTuple

from pipelines.layouts import aweme
from pipelines.values import as_dict, dicts

_SNAKE = ("uid", "unique_id", "sec_uid")


class Counts(NamedTuple):
    """What counts a user's followers and posts."""

    exact: dict[str, Any]
    rounded: dict[str, Any]


def to_user(data: dict[str, Any]) -> tuple[dict[str, Any], Counts]:
    """The user as today's profile writes one, and the counters beside or inside it."""
    held = _held(data)
    user = as_dict(held.get("user")) or held
    if any(name in user for name in _SNAKE):
        return _named_today(user), Counts({}, aweme.author_statistics(user))
    exact = as_dict(held.get("statsV2")) or as_dict(held.get("authorStatsV2"))
    beside = as_dict(held.get("stats")) or as_dict(held.get("authorStats"))
    # Inside it on the mobile page.
    return user, Counts(exact, user | beside)


def _held(data: dict[str, Any]) -> dict[str, Any]:
    """What holds the user: searches wrap each, and give lists of one."""
    listed = next(iter(dicts(data.get("user_list"))), {})
    names = ("userInfo", "user_info")
    found = (as_dict(holder.get(name)) for holder in (data, listed) for name in names)
    return next((one for one in found if one), data)


def _named_today(user: dict[str, Any]) -> dict[str, Any]:
    return {
        **aweme.to_author(user),
        "language": user.get("language"),
        "createTime": user.get("create_time"),
        "roomId": user.get("room_id"),
    }
