"""Usage events folded into one document for each account and day, and one for each video of it.

The videos have documents of their own: a day of many videos would outgrow a single one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, Self

from pymongo import UpdateOne

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DAY_MS = 24 * 3600 * 1000


class Event(NamedTuple):
    """A settled call, as the scripts write it: its fields with blanks between them."""

    account_id: str
    at: int
    """When it was settled, in milliseconds by Redis' clock."""
    status: int
    charged: int
    cached: int
    elapsed_ms: int
    video_id: str
    """Empty when it is not known."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The event that was written."""
        account_id, at, status, charged, cached, elapsed_ms, video_id = text.split(" ")
        return cls(
            account_id, int(at), int(status), int(charged), int(cached), int(elapsed_ms), video_id
        )

    @property
    def moment(self) -> datetime:
        """When it was settled."""
        return _moment(self.at)


@dataclass(slots=True)
class _Day:
    """What an account used on a day."""

    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    videos: dict[str, tuple[int, int]] = field(default_factory=dict)
    """For each video how often, and when last, in milliseconds."""


class Folding:
    """What events come to."""

    def __init__(self) -> None:
        self._days: dict[tuple[str, int], _Day] = defaultdict(_Day)

    def add(self, events: Iterable[Event]) -> None:
        """Count more events."""
        for event in events:
            day = self._days[event.account_id, event.at // _DAY_MS]
            counts = day.counts
            counts["total"] += 1
            counts["successful" if event.status == 200 else "failed"] += 1
            counts["cached"] += event.cached
            counts["charged"] += event.charged
            counts["elapsed_ms"] += event.elapsed_ms
            if event.video_id:
                requests, last = day.videos.get(event.video_id, (0, event.at))
                day.videos[event.video_id] = (requests + 1, max(last, event.at))

    def day_updates(self) -> list[UpdateOne]:
        """The days as additions to what is stored."""
        return [
            UpdateOne(
                {"_id": f"{account_id}:{date}"},
                {"$inc": day.counts, "$setOnInsert": {"account_id": account_id, "date": date}},
                upsert=True,
            )
            for account_id, date, day in self._dated()
        ]

    def video_updates(self) -> list[UpdateOne]:
        """The videos of the days as additions to what is stored."""
        return [
            UpdateOne(
                {"_id": f"{account_id}:{date}:{video_id}"},
                {
                    "$inc": {"requests": requests},
                    "$max": {"last_requested": _moment(last)},
                    "$setOnInsert": {"account_id": account_id, "date": date, "video_id": video_id},
                },
                upsert=True,
            )
            for account_id, date, day in self._dated()
            for video_id, (requests, last) in day.videos.items()
        ]

    def _dated(self) -> Iterator[tuple[str, str, _Day]]:
        for (account_id, number), day in self._days.items():
            yield account_id, _moment(number * _DAY_MS).strftime("%Y-%m-%d"), day


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
