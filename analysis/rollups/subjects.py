"""What is followed by the day: posts and users, and the pipeline that makes their days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.rollups.collections import USER_DAILY, VIDEO_DAILY
from pipelines.collections import STATISTICS, USER_STATISTICS, USERS, VIDEOS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from analysis.views.view import Pipeline

YOUNG_DAYS = 7
"""A post no older than this when it was first seen has grown from nothing since it was made."""
_DAY: dict[str, Any] = {"$dateTrunc": {"date": "$observed_at", "unit": "day"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What has counters that change."""

    series: str
    """The time series of its counters."""
    of: str
    """The field of ``meta``, and of the days, that names it."""
    collection: str
    """Where it is as it is known now."""
    into: str
    """The roll-up of its days."""
    counters: tuple[str, ...]
    about: Mapping[str, Any]
    """What its days bear of its document, ``$about``."""
    begins: str | None = None
    """The field of its document that tells when it began with nothing."""
    carries: bool = False
    """Whether a row may lack counters, which are then as they were."""

    def days(self, ids: Sequence[str], *, since: datetime | None, stamp: datetime) -> Pipeline:
        """Of a time series: the days of subjects, from a day on; None for all.

        The whole history is read, for a growth begins at the day before, however long ago.
        """
        key = f"meta.{self.of}"
        return [
            {"$match": {key: {"$in": list(ids)}}},
            *([self._carried(key)] if self.carries else []),
            # Of a day's rows the last exact one counts: null comes first, then false.
            {"$sort": {key: 1, "exact": 1, "observed_at": 1}},
            {
                "$group": {
                    "_id": {"of": f"${key}", "day": _DAY},
                    "exact": {"$last": "$exact"},
                    "observed_at": {"$last": "$observed_at"},
                    **{name: {"$last": f"${name}"} for name in self.counters},
                }
            },
            {
                "$setWindowFields": {
                    "partitionBy": {"of": "$_id.of", "exact": "$exact"},
                    "sortBy": {"_id.day": 1},
                    "output": {
                        "before.day": _shifted("_id.day"),
                        **{f"before.{name}": _shifted(name) for name in self.counters},
                    },
                }
            },
            {
                "$setWindowFields": {
                    "partitionBy": "$_id.of",
                    "sortBy": {"_id.day": 1},
                    "output": {"number": {"$documentNumber": {}}},
                }
            },
            *([{"$match": {"_id.day": {"$gte": since}}}] if since else []),
            {"$group": {"_id": "$_id.of", "row": {"$push": "$$ROOT"}}},
            {
                "$lookup": {
                    "from": self.collection,
                    "localField": "_id",
                    "foreignField": "_id",
                    "as": "about",
                }
            },
            {"$unwind": "$about"},
            {"$unwind": "$row"},
            {"$set": {"young": self._young()}},
            {"$project": self._row(stamp)},
        ]

    def _carried(self, key: str) -> dict[str, Any]:
        # Nothing rounded goes on in an exact row.
        return {
            "$setWindowFields": {
                "partitionBy": {"of": f"${key}", "exact": "$exact"},
                "sortBy": {"observed_at": 1},
                "output": {name: {"$locf": f"${name}"} for name in self.counters},
            }
        }

    def _young(self) -> Any:
        """How many days before this one the subject began, where those are few; else null."""
        if self.begins is None:
            return None
        age = {
            "$dateDiff": {
                "startDate": f"$about.{self.begins}",
                "endDate": "$row._id.day",
                "unit": "day",
            }
        }
        return {
            "$let": {
                "vars": {"age": age},
                "in": {
                    "$cond": [
                        {"$and": [{"$gte": ["$$age", 0]}, {"$lte": ["$$age", YOUNG_DAYS]}]},
                        "$$age",
                        None,
                    ]
                },
            }
        }

    def _row(self, stamp: datetime) -> dict[str, Any]:
        day = {"$dateToString": {"date": "$row._id.day", "format": "%Y-%m-%d"}}
        span = {
            "$dateDiff": {"startDate": "$row.before.day", "endDate": "$row._id.day", "unit": "day"}
        }
        return {
            "_id": {"$concat": [day, ":", "$_id"]},
            "day": "$row._id.day",
            self.of: "$_id",
            **self.about,
            **{name: _known(f"$row.{name}") for name in self.counters},
            **{f"{name}_gained": _since_before(_gained(name)) for name in self.counters},
            "days": _since_before({"$ifNull": [span, "$young"]}),
            "first": {"$eq": ["$row.number", 1]},
            "exact": _known("$row.exact"),
            "observed_at": "$row.observed_at",
            "rolled_at": {"$literal": stamp},
        }


def _shifted(name: str) -> dict[str, Any]:
    return {"$shift": {"output": f"${name}", "by": -1}}


def _known(path: str) -> dict[str, Any]:
    """A value, null where there is no such field."""
    return {"$ifNull": [path, None]}


def _since_before(value: Any) -> dict[str, Any]:
    """What is told of exact days only."""
    return {"$cond": [{"$eq": ["$row.exact", True]}, value, None]}


def _gained(name: str) -> dict[str, Any]:
    now = f"$row.{name}"
    at_first = {"$cond": [{"$eq": ["$young", None]}, None, _known(now)]}
    return {
        "$cond": [
            {"$eq": [{"$type": "$row.before.day"}, "date"]},
            {"$subtract": [now, f"$row.before.{name}"]},
            at_first,
        ]
    }


def in_lower_case(path: str) -> dict[str, Any]:
    """The hashtags at a path in lower case, each once."""
    lower = {"$map": {"input": {"$ifNull": [path, []]}, "in": {"$toLower": "$$this"}}}
    return {"$setUnion": [lower, []]}


VIDEO_DAYS = Subject(
    series=STATISTICS,
    of="video_id",
    collection=VIDEOS,
    into=VIDEO_DAILY,
    counters=("views", "likes", "comments", "shares", "saves"),
    about={
        "user_id": _known("$about.author.id"),
        "music_id": _known("$about.music.id"),
        "hashtags": in_lower_case("$about.hashtags"),
        "country": _known("$about.country"),
        "language": _known("$about.language"),
        "created_at": _known("$about.created_at"),
    },
    begins="created_at",
)
USER_DAYS = Subject(
    series=USER_STATISTICS,
    of="user_id",
    collection=USERS,
    into=USER_DAILY,
    counters=("followers", "following", "likes", "videos"),
    about={name: _known(f"$about.{name}") for name in ("username", "region", "language")},
    carries=True,
)
SUBJECTS = (VIDEO_DAYS, USER_DAYS)
