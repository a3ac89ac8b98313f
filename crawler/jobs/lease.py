"""A lease: of several processes one is active, and another takes over when it is gone.

The lease keeps the others from working in vain. It cannot keep a process that was paused from going
on for a moment when it wakes: what must not be done twice is written behind a :class:`Fence`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from pymongo import ReturnDocument

from crawler.jobs.records import new_id
from services.scripts import Script

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

T = TypeVar("T")

TTL_S = 10.0
RENEW_S = 2.0
FENCES = "fences"
_take = Script(Path(__file__).with_name("lease.lua"))
_let_go = Script(Path(__file__).with_name("let_go.lua"))


class Taken(IntEnum):
    """What came of asking for a lease."""

    NOT = 0
    """Another process has it."""
    RENEWED = 1
    ANEW = 2
    """It was free: perhaps another had it meanwhile, or Redis has lost its data."""


class Lease:
    """One process' part in a lease."""

    def __init__(self, redis: Redis, name: str, *, ttl_s: float = TTL_S) -> None:
        self.holder = new_id("holder")
        self.key = f"lease:{name}"
        self._redis = redis
        self._ttl_s = ttl_s
        self._until = 0.0

    @property
    def is_held(self) -> bool:
        """Whether it is ours, as far as is known without asking."""
        return monotonic() < self._until

    async def take(self) -> Taken:
        """Take it, or renew it.

        Raises:
            RedisError: Redis does not answer.
        """
        asked_at = monotonic()
        arguments = [self.holder, int(self._ttl_s * 1000)]
        taken = Taken(int(await _take.call(self._redis, [self.key], arguments)))
        self._until = asked_at + self._ttl_s if taken else 0.0
        return taken

    async def let_go(self) -> None:
        """Leave it to another at once.

        Raises:
            RedisError: Redis does not answer; it lapses by itself.
        """
        self._until = 0.0
        await _let_go.call(self._redis, [self.key], [self.holder])


class OvertakenError(Exception):
    """Another process has taken over; nothing was written."""


class Fence:
    """Lets only the process that came last write to MongoDB."""

    def __init__(self, database: AsyncDatabase[Document], name: str) -> None:
        self._client = database.client
        self._fences = database[FENCES]
        self._name = name
        self._term = 0

    async def enter(self) -> None:
        """Shut out every process that came before.

        Raises:
            PyMongoError: MongoDB does not answer.
        """
        found: Any = await self._fences.find_one_and_update(
            {"_id": self._name},
            {"$inc": {"term": 1}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        self._term = int(found["term"])

    async def write(self, act: Callable[[AsyncClientSession], Awaitable[T]]) -> T:
        """Carry out ``act`` in a transaction; it may be called more than once.

        Raises:
            OvertakenError: another process has entered.
            PyMongoError: nothing was written, or it is not known.
        """

        async def fenced(session: AsyncClientSession) -> T:
            entered = await self._fences.update_one(
                {"_id": self._name, "term": self._term},
                {"$set": {"written_at": datetime.now(UTC)}},
                session=session,
            )
            if not entered.matched_count:
                raise OvertakenError(self._name)
            return await act(session)

        async with self._client.start_session() as session:
            return await session.with_transaction(fenced)
