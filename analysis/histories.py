"""The history of one post's or user's counters, from their time series."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pipelines.collections import STATISTICS, USER_STATISTICS

if TYPE_CHECKING:
    from datetime import datetime

    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document


class Step(StrEnum):
    """A stretch of time of which the last row is told."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Whose history it is."""

    series: str
    of: str
    id: str


def of_video(video_id: str) -> Whose:
    """A post's."""
    return Whose(series=STATISTICS, of="meta.video_id", id=video_id)


def of_user(user_id: str) -> Whose:
    """A user's."""
    return Whose(series=USER_STATISTICS, of="meta.user_id", id=user_id)


async def history(
    database: AsyncDatabase[Document],
    whose: Whose,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    step: Step | None = None,
    after: datetime | None = None,
    limit: int,
) -> list[Document]:
    """Rows of counters, the oldest first; with a step the last one of each that has any.

    Args:
        database: where they are.
        whose: the post or the user.
        since: the first moment that counts.
        until: the first one that does not.
        step: what the rows are thinned out to, by UTC; weeks begin on Mondays.
        after: ``observed_at`` of the last row of the page before.
        limit: how many at most.
    """
    bounds: dict[str, Any] = {}
    if since is not None:
        bounds["$gte"] = since
    if until is not None:
        bounds["$lt"] = until
    query: dict[str, Any] = {whose.of: whose.id}
    if bounds:
        query["observed_at"] = bounds
    behind = [{"$match": {"observed_at": {"$gt": after}}}] if after is not None else []
    rows = await database[whose.series].aggregate(
        [
            {"$match": query},
            *(_thinned(step) if step else []),
            *behind,
            {"$sort": {"observed_at": 1}},
            {"$limit": limit},
        ]
    )
    return await rows.to_list()


def _thinned(step: Step) -> list[dict[str, Any]]:
    begin: dict[str, Any] = {"date": "$observed_at", "unit": step.value}
    if step is Step.WEEK:
        begin["startOfWeek"] = "monday"
    return [
        {"$sort": {"observed_at": 1}},
        {"$group": {"_id": {"$dateTrunc": begin}, "row": {"$last": "$$ROOT"}}},
        {"$replaceWith": "$row"},
    ]
