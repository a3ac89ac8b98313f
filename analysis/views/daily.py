"""``v_hashtag_daily`` and ``v_music_daily``: the posts made on a day with a hashtag or a sound."""

from __future__ import annotations

from typing import Any

from analysis.views.view import Column, Pipeline, Type, View
from pipelines.collections import VIDEOS

_COUNTERS = ("views", "likes", "comments", "shares", "saves")
_DAY: dict[str, Any] = {"$dateTrunc": {"date": "$created_at", "unit": "day"}}


def _by_day(name: str, value: Any, **more: Any) -> Pipeline:
    """Group posts by a value and the day they were made."""
    return [
        {
            "$group": {
                "_id": {name: value, "day": _DAY},
                "posts": {"$sum": 1},
                "authors": {"$addToSet": "$author.id"},
                **{counter: {"$sum": f"$statistics.{counter}"} for counter in _COUNTERS},
                **more,
            }
        },
        {
            "$project": {
                "_id": 0,
                name: f"$_id.{name}",
                "day": "$_id.day",
                **dict.fromkeys(more, 1),
                "posts": 1,
                "authors": {"$size": "$authors"},
                **dict.fromkeys(_COUNTERS, 1),
            }
        },
    ]


_COLUMNS = {
    "day": Column(type=Type.TIME, meaning="The day's beginning (UTC); null where none is known."),
    "posts": Column(type=Type.WHOLE, meaning="How many posts of that day are stored."),
    "authors": Column(type=Type.WHOLE, meaning="How many users made them."),
    **{
        counter: Column(type=Type.WHOLE, meaning=f"All their known {counter}, as they stand now.")
        for counter in _COUNTERS
    },
}

HASHTAG_DAILY = View(
    name="v_hashtag_daily",
    meaning=(
        "The stored posts that were made on a day with a hashtag. Every question reads all posts."
    ),
    source=VIDEOS,
    pipeline=[{"$unwind": "$hashtags"}, *_by_day("hashtag", {"$toLower": "$hashtags"})],
    columns={"hashtag": Column(type=Type.TEXT, meaning="The hashtag in lower case."), **_COLUMNS},
)
MUSIC_DAILY = View(
    name="v_music_daily",
    meaning=(
        "The stored posts that were made on a day with a sound. Every question reads all posts."
    ),
    source=VIDEOS,
    pipeline=[
        {"$match": {"music.id": {"$type": "string"}}},
        *_by_day(
            "music_id",
            "$music.id",
            title={"$last": "$music.title"},
            author={"$last": "$music.author"},
        ),
    ],
    columns={
        "music_id": Column(type=Type.TEXT, meaning="TikTok's id of the sound."),
        "title": Column(type=Type.TEXT, meaning="Its title."),
        "author": Column(type=Type.TEXT, meaning="Its author as TikTok writes it."),
        **_COLUMNS,
    },
)
