"""Counters, which come exact in one object, rounded in another, and not at all in some layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.documents.video import Statistics
from pipelines.values import as_dict, to_int

if TYPE_CHECKING:
    from collections.abc import Sequence

_COUNTERS = {
    "views": "playCount",
    "likes": "diggCount",
    "comments": "commentCount",
    "shares": "shareCount",
    "saves": "collectCount",
    "reposts": "repostCount",
}


def statistics_of(item: dict[str, Any]) -> Statistics:
    """The post's counters, the exact ones first."""
    exact, rounded = as_dict(item.get("statsV2")), as_dict(item.get("stats"))
    statistics, is_exact, is_known = Statistics(), True, False
    for name, key in _COUNTERS.items():
        value = to_int(exact.get(key))
        if value is None:
            value = to_int(rounded.get(key))
            is_exact = is_exact and value is None
        is_known = is_known or value is not None
        setattr(statistics, name, value)
    statistics.exact = is_exact if is_known else None
    return statistics


def first_count(holders: Sequence[dict[str, Any]], *names: str) -> int | None:
    """The first counter of these names that any holder knows."""
    for holder in holders:
        for name in names:
            value = to_int(holder.get(name))
            if value is not None:
                return value
    return None
