"""``v_video_growth_daily``: how a post's counters stood at each day's end, and how they grew."""

from __future__ import annotations

from analysis.rollups.collections import VIDEO_DAILY
from analysis.views.view import Column, Type, View

_COUNTERS = ("views", "likes", "comments", "shares", "saves")

VIDEO_GROWTH_DAILY = View(
    name="v_video_growth_daily",
    meaning="A post on a day (UTC) on which its counters were seen to have changed.",
    source=VIDEO_DAILY,
    pipeline=[
        {
            "$project": {
                "_id": 0,
                "video_id": 1,
                "user_id": 1,
                "day": 1,
                **dict.fromkeys(_COUNTERS, 1),
                **{
                    f"{name}_grown": {"$cond": ["$first", None, f"${name}_gained"]}
                    for name in _COUNTERS
                },
                "days": {"$cond": ["$first", None, "$days"]},
                "exact": 1,
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
                type=Type.WHOLE,
                meaning=f"How many {name} more than on the last day before with exact counters;"
                " null where either is rounded.",
            )
            for name in _COUNTERS
        },
        "days": Column(type=Type.WHOLE, meaning="How many days the growth is of; null at first."),
        "exact": Column(type=Type.TRUTH, meaning="Whether the counters are exact."),
        "observed_at": Column(type=Type.TIME, meaning="When they were last seen on that day."),
    },
)
