"""Usage events folded: counts for each account and day, and what is new of its videos and keys.

Counts are few and are added to their documents at once. Videos are many: what is new of them goes
into one document for each account, and from there on later, many requests at a time.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from pymongo import UpdateOne

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

logger = logging.getLogger(__name__)

_DAY_MS = 24 * 3600 * 1000
_ANSWERED = frozenset({200, 404})
"""With 5xx what counts as a request; a call that turned out to be wrong is none."""


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
    key_id: str

    @classmethod
    def read(cls, text: str) -> Self:
        """The event that was written; one of nobody's when none of ours was."""
        try:
            account_id, at, status, charged, cached, elapsed_ms, video_id, key_id = text.split(" ")
            return cls(
                *(account_id, int(at), int(status), int(charged), int(cached), int(elapsed_ms)),
                *(video_id, key_id),
            )
        except ValueError:
            logger.exception("a usage event cannot be read and is left out: %r", text)
            return cls("", 0, 0, 0, 0, 0, "", "")

    @property
    def moment(self) -> datetime:
        """When it was settled."""
        return moment(self.at)


@dataclass(slots=True)
class _Day:
    """What an account used on a day."""

    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    last: int = 0
    videos: dict[str, tuple[int, int]] = field(default_factory=dict)
    """For each video how often, and when last, in milliseconds."""
    keys: dict[str, int] = field(default_factory=dict)
    """For each key when last, in milliseconds."""


class Folding:
    """What events come to."""

    def __init__(self) -> None:
        self._days: dict[tuple[str, int], _Day] = defaultdict(_Day)

    def add(self, events: Iterable[Event]) -> None:
        """Count more events."""
        for event in events:
            if not event.account_id:
                continue
            at, status = event.at, event.status
            day = self._days[event.account_id, at // _DAY_MS]
            # The stream is in the order of time.
            day.last = day.keys[event.key_id] = at
            if status < 500 and status not in _ANSWERED:
                continue
            counts = day.counts
            counts["total"] += 1
            counts["successful" if status == 200 else "failed"] += 1
            counts["cached"] += event.cached
            counts["charged"] += event.charged
            counts["elapsed_ms"] += event.elapsed_ms
            if event.video_id:
                requests, last = day.videos.get(event.video_id, (0, at))
                day.videos[event.video_id] = (requests + 1, max(last, at))

    def day_updates(self) -> list[UpdateOne]:
        """The days as additions to what is stored."""
        return [
            UpdateOne(
                {"_id": f"{account_id}:{date}"},
                {
                    "$inc": day.counts,
                    "$max": {"last_request_at": moment(day.last)},
                    "$setOnInsert": {"account_id": account_id, "date": date},
                },
                upsert=True,
            )
            for account_id, date, day in self._dated()
        ]

    def days_of(self, account_id: str) -> list[dict[str, Any]]:
        """The days of an account in the shape of stored ones."""
        return [
            {"date": date, "last_request_at": moment(day.last), **day.counts}
            for of, date, day in self._dated()
            if of == account_id
        ]

    def news(self) -> list[dict[str, Any]]:
        """What is new of videos and keys, a document for each account and day."""
        return [
            {
                "account_id": account_id,
                "date": date,
                "videos": [[video_id, *counted] for video_id, counted in day.videos.items()],
                "keys": list(map(list, day.keys.items())),
            }
            for account_id, date, day in self._dated()
        ]

    def _dated(self) -> Iterator[tuple[str, str, _Day]]:
        for (account_id, number), day in self._days.items():
            yield account_id, moment(number * _DAY_MS).strftime("%Y-%m-%d"), day


def moment(milliseconds: int) -> datetime:
    """The time of an event."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
