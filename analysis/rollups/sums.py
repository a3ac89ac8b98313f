"""What the posts of one day come to: by hashtag, by sound, by country and language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from analysis.rollups.collections import COUNTRY_DAILY, HASHTAG_DAILY, MUSIC_DAILY, VIDEO_DAILY
from analysis.rollups.subjects import in_lower_case

if TYPE_CHECKING:
    from datetime import datetime

    from analysis.views.view import Pipeline

_GAINS = tuple(f"{name}_gained" for name in ("views", "likes", "comments", "shares", "saves"))
_OF_PARTS = ("posts", "active", "views_gained", "likes_gained")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """One roll-up over posts."""

    into: str
    name: str | None
    """The field that names what is summed up; None for country and language themselves."""
    of_post: Any
    """What a post has of it: one value, or a list of them."""
    of_day: Any
    """The same of a day of a post."""

    def of(self, day: datetime, *, stamp: datetime) -> Pipeline:
        """Of posts: a day's rows."""
        return [
            {"$match": {"created_at": {"$gte": day, "$lt": day + timedelta(days=1)}}},
            {
                "$project": {
                    "_id": 0,
                    "key": self.of_post,
                    "user": "$author.id",
                    "country": 1,
                    "language": 1,
                    "posts": {"$literal": 1},
                }
            },
            {
                "$unionWith": {
                    "coll": VIDEO_DAILY,
                    "pipeline": [
                        {"$match": of_day(day)},
                        {
                            "$project": {
                                "_id": 0,
                                "key": self.of_day,
                                "country": 1,
                                "language": 1,
                                "active": {
                                    "$cond": [{"$gt": ["$views_gained", None]}, 1, 0],
                                },
                                **dict.fromkeys(_GAINS, 1),
                            }
                        },
                    ],
                }
            },
            {"$unwind": "$key"},
            {
                "$group": {
                    "_id": {
                        "key": "$key",
                        "country": {"$ifNull": ["$country", None]},
                        "language": {"$ifNull": ["$language", None]},
                    },
                    "users": {"$addToSet": "$user"},
                    **{name: {"$sum": f"${name}"} for name in ("posts", "active", *_GAINS)},
                }
            },
            {"$match": {"$or": [{"posts": {"$gt": 0}}, {"active": {"$gt": 0}}]}},
            *self._rows(day, stamp),
        ]

    def _rows(self, day: datetime, stamp: datetime) -> Pipeline:
        begin = f"{day:%Y-%m-%d}:"
        about = {"day": {"$literal": day}, "rolled_at": {"$literal": stamp}}
        sums = dict.fromkeys(("posts", "active", *_GAINS), 1)
        if self.name is None:
            place = ({"$ifNull": ["$_id.country", ""]}, ":", {"$ifNull": ["$_id.language", ""]})
            row: dict[str, Any] = {
                "_id": {"$concat": [begin, *place]},
                "country": "$_id.country",
                "language": "$_id.language",
                "authors": {"$size": "$users"},
            }
            return [{"$project": about | row | sums}]
        part = {"country": "$_id.country", "language": "$_id.language"}
        users = {"$reduce": {"input": "$users", "initialValue": [], "in": _UNION}}
        row = {
            "_id": {"$concat": [begin, "$_id"]},
            self.name: "$_id",
            "authors": {"$size": users},
            "parts": 1,
        }
        return [
            {
                "$group": {
                    "_id": "$_id.key",
                    "users": {"$push": "$users"},
                    **{name: {"$sum": f"${name}"} for name in sums},
                    "parts": {"$push": part | {name: f"${name}" for name in _OF_PARTS}},
                }
            },
            {"$project": about | row | sums},
        ]


def of_day(day: datetime) -> dict[str, Any]:
    """What finds a day's rows in any roll-up, by their ids."""
    return {"_id": {"$gte": f"{day:%Y-%m-%d}:", "$lt": f"{day:%Y-%m-%d};"}}


_UNION = {"$setUnion": ["$$value", "$$this"]}

SUMS = (
    Sums(
        into=HASHTAG_DAILY,
        name="hashtag",
        of_post=in_lower_case("$hashtags"),
        of_day="$hashtags",
    ),
    Sums(into=MUSIC_DAILY, name="music_id", of_post="$music.id", of_day="$music_id"),
    Sums(into=COUNTRY_DAILY, name=None, of_post={"$literal": ""}, of_day={"$literal": ""}),
)
