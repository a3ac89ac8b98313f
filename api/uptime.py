"""Uptime: the share of the last 30 days' minutes in which the service was healthy."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pymongo.errors import DuplicateKeyError, PyMongoError

from services.tasks import background

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from pymongo.asynchronous.collection import AsyncCollection

    from services.mongodb import Document

logger = logging.getLogger(__name__)

COLLECTION = "health_days"
DAYS = 30
MINUTE = timedelta(minutes=1)
GRACE = timedelta(seconds=5)
"""How long into a minute it may still be on its way to be counted."""


class Uptime:
    """Counts healthy minutes, one document a day, however many processes count.

    A minute in which nothing could be counted, for whatever reason, was not healthy.
    """

    def __init__(self, days: AsyncCollection[Document]) -> None:
        self._days = days
        self._since: datetime | None = None
        self._last = datetime.min.replace(tzinfo=UTC)
        self._healthy = 0

    @property
    def percentage(self) -> float:
        """Healthy minutes for each hundred since the first start, at most 30 days back."""
        if self._since is None:
            return 0.0
        until = max(self._last, _minute(_now() - GRACE))
        minutes = (until - self._since) // MINUTE + 1
        return round(min(100.0, 100 * self._healthy / minutes), 1)

    async def count(self, now: datetime) -> None:
        """Count this minute as healthy, once, and add up the last days.

        Raises:
            PyMongoError: MongoDB does not answer.
        """
        minute = _minute(now)
        with contextlib.suppress(DuplicateKeyError):  # another process has counted it
            await self._days.update_one(
                {"_id": minute.date().isoformat(), "last": {"$lt": minute}},
                {
                    "$inc": {"healthy": 1},
                    "$set": {"last": minute},
                    "$setOnInsert": {"first": minute},
                },
                upsert=True,
            )
        first_day = (minute - timedelta(days=DAYS - 1)).date().isoformat()
        days = await self._days.find({"_id": {"$gte": first_day}}).sort("_id", 1).to_list()
        earlier = await self._days.find_one({"_id": {"$lt": first_day}}, {"_id": 1})
        start = datetime.fromisoformat(first_day).replace(tzinfo=UTC)
        self._since = start if earlier else days[0]["first"]
        self._last = days[-1]["last"]
        self._healthy = sum(day["healthy"] for day in days)

    @contextlib.asynccontextmanager
    async def counting(self, is_healthy: Callable[[], Awaitable[bool]]) -> AsyncIterator[None]:
        """Count each minute for as long as this context is entered."""
        await self._count_if(is_healthy)
        async with background(self._count_for_ever(is_healthy), name="uptime"):
            yield

    async def _count_for_ever(self, is_healthy: Callable[[], Awaitable[bool]]) -> None:
        while True:
            await asyncio.sleep((_minute(_now()) + MINUTE - _now()).total_seconds())
            await self._count_if(is_healthy)

    async def _count_if(self, is_healthy: Callable[[], Awaitable[bool]]) -> None:
        try:
            if await is_healthy():
                await self.count(_now())
        except PyMongoError as error:
            logger.warning("this minute's health is not counted: %s", error)


def _now() -> datetime:
    return datetime.now(UTC)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
