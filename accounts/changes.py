"""Changes of accounts and keys: kept with their audit record, then seen by every process.

The record says what Redis is to forget until Redis is known to have forgotten it. So a change is
never lost on the way to Redis, whoever dies or is away meanwhile: every API process looks for such
records twice a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from accounts.cached import forget
from accounts.collections import AUDIT
from services.tasks import background

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from accounts.audit import Record
    from services.mongodb import Document

logger = logging.getLogger(__name__)

T = TypeVar("T")

_PAUSE_S = 0.4
_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Generic[T]):
    """What a transaction has written."""

    result: T
    records: list[Record]
    """Empty when everything was so already."""
    stale: str | None = None
    """What Redis is to forget."""


class Changes:
    """Carries changes out, and tells Redis of them."""

    def __init__(self, database: AsyncDatabase[Document], redis: Redis | None) -> None:
        self._client = database.client
        self._audit = database[AUDIT]
        self._redis = redis

    async def carry_out(
        self, write: Callable[[AsyncClientSession], Awaitable[Change[T]]]
    ) -> tuple[T, bool]:
        """Keep a change and its records, and answer whether it is seen everywhere by now.

        ``write`` may run more than once: others may change the same at the same time.

        Raises:
            PyMongoError: the database does not answer; the change may be kept or not.
        """

        async def write_all(session: AsyncClientSession) -> Change[T]:
            change = await write(session)
            for record in change.records:
                document = record.stored(untold=change.stale)
                await self._audit.insert_one(document, session=session)
            return change

        async with self._client.start_session() as session:
            change = await session.with_transaction(write_all)
        if change.stale is None:
            return change.result, True
        is_told = await forget(self._redis, change.stale)
        if is_told:
            await self._strike([record.id for record in change.records])
        return change.result, is_told

    async def tell(self) -> int:
        """Tell Redis of what it was not told yet, and answer how many changes that were.

        Raises:
            PyMongoError, RedisError: a database does not answer; nothing is lost.
        """
        found = self._audit.find({"untold": {"$exists": True}}, {"untold": 1}).limit(_AT_ONCE)
        records = await found.to_list()
        for record in records:
            if not await forget(self._redis, record["untold"]):
                raise RedisError("no answer")
        await self._strike([record["_id"] for record in records])
        return len(records)

    @contextlib.asynccontextmanager
    async def telling(self) -> AsyncIterator[None]:
        """Tell Redis again and again for as long as the context lasts."""
        async with background(self._tell_for_ever(), name="changes told to Redis"):
            yield

    async def _tell_for_ever(self) -> None:
        while True:
            try:
                await self.tell()
            except (PyMongoError, RedisError, OSError) as error:
                logger.debug("changes are told later: %s", error)
            await asyncio.sleep(_PAUSE_S)

    async def _strike(self, record_ids: list[str]) -> None:
        if not record_ids:
            return
        # Told twice does no harm, so a mark may stay for the next look.
        with contextlib.suppress(PyMongoError):
            await self._audit.update_many({"_id": {"$in": record_ids}}, {"$unset": {"untold": ""}})
