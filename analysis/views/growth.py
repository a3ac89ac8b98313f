"""``v_video_growth_daily``: how a post's counters stood at each day's end, and how they grew."""

from __future__ import annotations

from typing import Any

from analysis.views.view import Column, Type, View
from pipelines.collections import STATISTICS

_COUNTERS = ("views", "likes", "comments", "shares", "saves")
_DAY: dict[str, Any] = {"$dateTrunc": {"date": "$observed_at", "unit": "day"}}
_KEY = {"video_id": "$meta.video_id", "day": _DAY}


def _shifted(name: str) -> dict[str, Any]:
    return {"$shift": {"output": f"${name}", "by": -1}}


VIDEO_GROWTH_DAILY = View(
    name="v_video_growth_daily",
    meaning=(
        "A post on a day (UTC) on which its counters were seen to have changed."
        " Every question reads all rows of statistics."
    ),
    source=STATISTICS,
    pipeline=[
        {"$sort": {"meta.video_id": 1, "observed_at": 1}},
        {
            "$group": {
                "_id": _KEY,
                "user_id": {"$last": "$meta.user_id"},
                "exact": {"$last": "$exact"},
                "observed_at": {"$last": "$observed_at"},
                **{name: {"$last": f"${name}"} for name in _COUNTERS},
            }
        },
        {
            "$setWindowFields": {
                "partitionBy": "$_id.video_id",
                "sortBy": {"_id.day": 1},
                "output": {
                    "before.day": _shifted("_id.day"),
                    "before.exact": _shifted("exact"),
                    **{f"before.{name}": _shifted(name) for name in _COUNTERS},
                },
            }
        },
        {
            "$project": {
                "_id": 0,
                "video_id": "$_id.video_id",
                "user_id": 1,
                "day": "$_id.day",
                **dict.fromkeys(_COUNTERS, 1),
                **{
                    f"{name}_grown": {"$subtract": [f"${name}", f"$before.{name}"]}
                    for name in _COUNTERS
                },
                "days": {
                    "$dateDiff": {"startDate": "$before.day", "endDate": "$_id.day", "unit": "day"}
                },
                "exact": {"$and": ["$exact", {"$ne": ["$before.exact", False]}]},
                "observed_at": 1,
            }
        },
    ],
    columns={
        "video_id": Column(type=Type.TEXT, meaning="The post."),
        "user_id": Column(type=Type.TEXT, meaning="Its author."),
        "day": Column(type=Type.TIME, meaning="The day's beginning."),
        **{
            name: Column(type=Type.WHOLE, meaning=f"Its {name} when last seen on that day.")
            for name in _COUNTERS
        },
        **{
            f"{name}_grown": Column(
                type=Type.WHOLE, meaning=f"How many {name} more than on the row's day before."
            )
            for name in _COUNTERS
        },
        "days": Column(type=Type.WHOLE, meaning="How many days the growth is of; null at first."),
        "exact": Column(type=Type.TRUTH, meaning="Whether neither day's counters are rounded."),
        "observed_at": Column(type=Type.TIME, meaning="When they were last seen on that day."),
    },
)
