"""Usage: what each account used on each day, drained from Redis to MongoDB.

Every settled call leaves an event on a stream. The drainer folds events into one document for each
account and day, and moves its position on the stream in the same transaction: an event counts
once, however often a drain is begun.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError, PyMongoError
from redis.exceptions import RedisError, ResponseError

from accounts.collections import USAGE_DAYS, USAGE_DRAINS, USAGE_VIDEOS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

logger = logging.getLogger(__name__)

STREAM = "usage"
_START = "0-0"
_AT_ONCE = 1000
_PAUSE_S = 1.0


class Usage:
    """Reads what is drained."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._days = database[USAGE_DAYS]

    async def charged_since(self, account_id: str, start: datetime) -> int:
        """What an account was charged from a day on."""
        days = self._days.find(
            {"account_id": account_id, "date": {"$gte": start.strftime("%Y-%m-%d")}},
            {"charged": 1},
        )
        return sum([int(day.get("charged", 0)) async for day in days])


@dataclass(slots=True)
class _Day:
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    videos: dict[str, tuple[int, datetime]] = field(default_factory=dict)


class Drainer:
    """Moves usage events to MongoDB; several at once do no harm."""

    def __init__(self, redis: Redis, database: AsyncDatabase[Document]) -> None:
        self._redis = redis
        self._database = database

    @contextlib.asynccontextmanager
    async def draining(self, *, pause_s: float = _PAUSE_S) -> AsyncIterator[None]:
        """Drain in the background, and once more at the end."""
        task = asyncio.create_task(self._drain_for_ever(pause_s), name="usage drainer")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            with contextlib.suppress(RedisError, PyMongoError, OSError):
                await self.drain()

    async def drain(self) -> int:
        """Drain what is there now and answer how many events it was.

        Raises:
            RedisError, PyMongoError: a database does not answer; nothing is lost or doubled.
        """
        count = 0
        while drained := await self._drain_once():
            count += drained
        return count

    async def _drain_for_ever(self, pause_s: float) -> None:
        while True:
            try:
                await self.drain()
            except (RedisError, PyMongoError, OSError) as error:
                logger.warning("usage stays on the stream for now: %s", error)
            await asyncio.sleep(pause_s)

    async def _drain_once(self) -> int:
        position = await self._position()
        answer: Any = await self._redis.xrange(
            STREAM, min=f"({await self._readable_from(position)}", count=_AT_ONCE
        )
        if not answer:
            return 0
        last: str = answer[-1][0]
        if await self._fold(answer, position, last):
            milliseconds, _, sequence = last.partition("-")
            await self._redis.xtrim(STREAM, minid=f"{milliseconds}-{int(sequence) + 1}")
            return len(answer)
        return 0

    async def _position(self) -> str:
        document = await self._database[USAGE_DRAINS].find_one({"_id": STREAM})
        if document is not None:
            return str(document["position"])
        with contextlib.suppress(DuplicateKeyError):
            await self._database[USAGE_DRAINS].insert_one({"_id": STREAM, "position": _START})
        return _START

    async def _readable_from(self, position: str) -> str:
        """The position, or the stream's start when Redis lost its data and its clock is behind."""
        try:
            about: Any = await self._redis.xinfo_stream(STREAM)
        except ResponseError:
            return position
        return position if _order(about["last-generated-id"]) >= _order(position) else _START

    async def _fold(self, entries: list[Any], position: str, last: str) -> bool:
        """Count the events and move the position, both or neither."""
        days = _fold_days(entries)

        async def fold(session: AsyncClientSession) -> bool:
            moved = await self._database[USAGE_DRAINS].update_one(
                {"_id": STREAM, "position": position},
                {"$set": {"position": last}},
                session=session,
            )
            if moved.matched_count == 0:
                return False
            await self._database[USAGE_DAYS].bulk_write(
                [_day_update(key, day) for key, day in days.items()], session=session
            )
            videos = [
                _video_update(key, video_id, *seen)
                for key, day in days.items()
                for video_id, seen in day.videos.items()
            ]
            if videos:
                await self._database[USAGE_VIDEOS].bulk_write(videos, session=session)
            return True

        async with self._database.client.start_session() as session:
            return bool(await session.with_transaction(fold))


def _order(entry_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)


def _fold_days(entries: list[Any]) -> dict[tuple[str, str], _Day]:
    days: dict[tuple[str, str], _Day] = defaultdict(_Day)
    for entry_id, event in entries:
        at = datetime.fromtimestamp(_order(entry_id)[0] / 1000, UTC)
        day = days[event["account"], at.strftime("%Y-%m-%d")]
        is_answered = event["status"] == "200"
        for name, count in (
            ("total", 1),
            ("successful", int(is_answered)),
            ("failed", int(not is_answered)),
            ("cached", int(event["cached"])),
            ("charged", int(event["charged"])),
            ("elapsed_ms", int(event["elapsed_ms"])),
        ):
            day.counts[name] += count
        if event["video"]:
            requests, _ = day.videos.get(event["video"], (0, at))
            day.videos[event["video"]] = (requests + 1, at)
    return days


def _day_update(key: tuple[str, str], day: _Day) -> UpdateOne:
    account_id, date = key
    return UpdateOne(
        {"_id": f"{account_id}:{date}"},
        {"$inc": dict(day.counts), "$setOnInsert": {"account_id": account_id, "date": date}},
        upsert=True,
    )


def _video_update(
    key: tuple[str, str], video_id: str, requests: int, last_requested: datetime
) -> UpdateOne:
    account_id, date = key
    return UpdateOne(
        {"_id": f"{account_id}:{date}:{video_id}"},
        {
            "$inc": {"requests": requests},
            "$max": {"last_requested": last_requested},
            "$setOnInsert": {"account_id": account_id, "date": date, "video_id": video_id},
        },
        upsert=True,
    )
