"""What the crawl of a list asks of the databases while it goes on: is it wanted, what is known."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING

from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from crawler.jobs.crawls import cancelled_key
from crawler.jobs.lists import StopReason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from crawler.items import Kind
    from crawler.jobs.records import Job
    from services.mongodb import Document

    class Item(Protocol):
        """Something with a document."""

        @property
        def kind(self) -> Kind:
            """The kind of its document."""

        @property
        def id(self) -> str:
            """The id of its document."""


logger = logging.getLogger(__name__)


class Desk:
    """Answers the questions of list spiders."""

    def __init__(self, redis: Redis, database: AsyncDatabase[Document]) -> None:
        self._redis = redis
        self._database = database

    async def stopped(self, job: Job) -> StopReason | None:
        """Why the list of a job is to go no further; None while it is wanted, or nobody knows."""
        if job.run is None:
            return None
        try:
            why = await self._redis.get(cancelled_key(job.run))
        except (RedisError, OSError) as error:
            logger.warning("it is not known whether %s is still wanted: %s", job.run, error)
            return None
        if why is None:
            return None
        return StopReason.QUOTA if why == StopReason.QUOTA else StopReason.CANCELLED

    async def known(self, found: Sequence[Item]) -> set[str]:
        """The ids of those that are stored already; none when MongoDB does not answer."""
        return await stored_of(self._database, found)


async def stored_of(database: AsyncDatabase[Document], found: Sequence[Item]) -> set[str]:
    """The ids of those that are stored already; none when MongoDB does not answer."""
    ids: dict[Kind, list[str]] = defaultdict(list)
    for one in found:
        ids[one.kind].append(one.id)
    known: set[str] = set()
    try:
        for kind, wanted in ids.items():
            stored = database[kind.collection].find({"_id": {"$in": wanted}}, {"_id": 1})
            known.update([document["_id"] async for document in stored])
    except PyMongoError as error:
        logger.warning("it is not known what is stored: %s", error)
    return known
