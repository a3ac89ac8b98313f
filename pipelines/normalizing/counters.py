"""Counters, which come exact in one object, rounded in another, and not at all in some layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pipelines.documents.video import Statistics
from pipelines.values import as_dict, to_int

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_COUNTERS = {
    "views": "playCount",
    "likes": "diggCount",
    "comments": "commentCount",
    "shares": "shareCount",
    "saves": "collectCount",
    "reposts": "repostCount",
}


class Counted(Protocol):
    """Counters of which some may be rounded."""

    exact: bool | None


def statistics_of(item: dict[str, Any]) -> Statistics:
    """The post's counters, the exact ones first."""
    statistics = Statistics()
    count(statistics, _COUNTERS, as_dict(item.get("statsV2")), as_dict(item.get("stats")))
    return statistics


def count(
    statistics: Counted,
    names: Mapping[str, str],
    exact: Mapping[str, object],
    rounded: Mapping[str, object],
) -> None:
    """Fill in counters, each from where it is exact or else from where it is rounded."""
    is_exact, is_known = True, False
    for name, key in names.items():
        value = to_int(exact.get(key))
        if value is None:
            value = to_int(rounded.get(key))
            is_exact = is_exact and value is None
        is_known = is_known or value is not None
        setattr(statistics, name, value)
    statistics.exact = is_exact if is_known else None


def first_count(holders: Sequence[dict[str, Any]], *names: str) -> int | None:
    """The first counter of these names that any holder knows."""
    for holder in holders:
        for name in names:
            value = to_int(holder.get(name))
            if value is not None:
                return value
    return None
