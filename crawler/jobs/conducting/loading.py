"""Reading from MongoDB which crawls run, and how far they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.jobs.collections import CRAWL_ITEMS, CRAWL_JOBS, CRAWL_TARGETS
from crawler.jobs.conducting.feeding import flying_of
from crawler.jobs.conducting.running import Running
from crawler.jobs.crawl import Crawl, CrawlState, TargetState

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

_ACTIVE = {"state": {"$in": [CrawlState.QUEUED.value, CrawlState.RUNNING.value]}}
_ENDED = [state.value for state in TargetState if state.is_ended]


class Loader:
    """Reads crawls that have not ended."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._jobs = database[CRAWL_JOBS]
        self._targets = database[CRAWL_TARGETS]
        self._items = database[CRAWL_ITEMS]

    async def stop_reasons(self) -> dict[str, str | None]:
        """All that have not ended, oldest first, and why no more of each is wanted.

        Raises:
            PyMongoError: MongoDB does not answer.
        """
        found = self._jobs.find(_ACTIVE, {"stop_reason": 1}).sort("created_at", 1)
        return {document["_id"]: document["stop_reason"] async for document in found}

    async def load(self, crawl_id: str) -> Running | None:
        """A crawl with its counts and with what flies of it; None when it has ended.

        Raises:
            PyMongoError: MongoDB does not answer.
        """
        document = await self._jobs.find_one({"_id": crawl_id, **_ACTIVE})
        if document is None:
            return None
        running = Running.of(Crawl.of(document))
        if running.started_at is not None:
            await self._read_ends(running)
            flying = self._targets.find({"crawl": crawl_id, "state": TargetState.QUEUED.value})
            async for target in flying:
                one = flying_of(target)
                running.flying[one.number] = one
        return running

    async def _read_ends(self, running: Running) -> None:
        """Count the targets that have ended, and the items, as they are."""
        groups = await self._targets.aggregate(
            [
                {"$match": {"crawl": running.id, "state": {"$in": _ENDED}}},
                {
                    "$group": {
                        "_id": {"state": "$state", "reason": "$reason", "stop": "$stop_reason"},
                        "count": {"$sum": 1},
                    }
                },
            ]
        )
        async for group in groups:
            state, count = TargetState(group["_id"]["state"]), group["count"]
            running.count(state, group["_id"].get("reason"), group["_id"].get("stop"), count)
        running.items = await self._items.count_documents({"crawl": running.id})
