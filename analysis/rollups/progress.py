"""How far the roll-ups are, as the collection ``rollups`` holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.rollups.collections import ROLLUPS
from analysis.rollups.documents import RolledUp
from pipelines.documents.mongo import from_mongo

if TYPE_CHECKING:
    from datetime import datetime

    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document


class Progress:
    """How far the rows of one time series are in the roll-ups."""

    def __init__(self, database: AsyncDatabase[Document], series: str) -> None:
        self._records = database[ROLLUPS]
        self._series = series

    async def read(self) -> RolledUp:
        """What is known; nothing is rolled up before the first time."""
        found = await self._records.find_one({"_id": self._series})
        return RolledUp(id=self._series) if found is None else from_mongo(RolledUp, found)

    async def reached(self, at: datetime) -> None:
        """Keep that all is rolled up that was stored before; never less than was kept before."""
        await self._records.update_one(
            {"_id": self._series}, {"$max": {"reaches_at": at}}, upsert=True
        )

    async def begin(self, since: datetime | None, at: datetime) -> None:
        """Keep that a rebuild has begun, in place of one that has not ended."""
        about = {"since": since, "after": "", "began_at": at}
        await self._records.update_one(
            {"_id": self._series}, {"$set": {"rebuilding": about}}, upsert=True
        )

    async def advance(self, began_at: datetime, after: str) -> None:
        """Keep how far the rebuild is that began then."""
        await self._records.update_one(
            {"_id": self._series, "rebuilding.began_at": began_at},
            {"$max": {"rebuilding.after": after}},
        )

    async def end(self, began_at: datetime, *, is_whole: bool) -> None:
        """Keep that this rebuild has ended; one of all days took up what was stored before it."""
        update: Document = {"$set": {"rebuilding": None}}
        if is_whole:
            update["$max"] = {"reaches_at": began_at}
        await self._records.update_one(
            {"_id": self._series, "rebuilding.began_at": began_at}, update
        )


async def reach(database: AsyncDatabase[Document], series: str) -> datetime | None:
    """Until when rows that were stored are in the roll-ups; None before the first time."""
    return (await Progress(database, series).read()).reaches_at
