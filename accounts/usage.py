"""Usage: what each account used on each day, drained from Redis to MongoDB.

Every settled call leaves an event on a stream. The drainer folds events into documents, and moves
its position on the stream in the same transaction: an event counts once, however often a drain is
begun. What is past the position is not drained yet; both together are what was used. Videos and
keys are only noted by then, and counted a little later.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

from pymongo.errors import DuplicateKeyError, PyMongoError
from redis.exceptions import RedisError, ResponseError

from accounts.collections import USAGE_DAYS, USAGE_DRAINS, USAGE_NEWS
from accounts.compacting import Compactor
from accounts.folding import Event, Folding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

logger = logging.getLogger(__name__)

STREAM = "usage"
_START = "0-0"
_PAGE = 1000
_AT_ONCE = 20_000
"""Events folded together: the more, the fewer documents are written for each."""
_PAUSE_S = 1.0
_NEWS_S = 20.0
"""How long videos and keys are only noted: the longer, the fewer documents are written."""
_LAST_DRAIN_S = 3.0

Entry = tuple[str, Event]


class Usage:
    """Reads what was used: what is drained, and what is still on the stream."""

    def __init__(self, redis: Redis, database: AsyncDatabase[Document]) -> None:
        self._redis = redis
        self._database = database

    async def position(self, session: AsyncClientSession | None = None) -> str:
        """Up to where the stream is drained."""
        drains = self._database[USAGE_DRAINS]
        document = await drains.find_one({"_id": STREAM}, session=session)
        return str(document["position"]) if document else _START

    async def waiting(self, position: str) -> list[Entry]:
        """The next events past a position, oldest first."""
        return [(entry_id, Event.read(text)) for entry_id, text in await self._page(position)]

    async def waiting_of(self, account_id: str) -> list[Entry]:
        """All events of an account that are not drained yet, and perhaps some that just were.

        From the stream's beginning: the position as it stands now may be newer than the one that
        a snapshot of the database has, which shows only what a majority has.
        """
        position, start = _START, f"{account_id} "
        entries: list[Entry] = []
        while page := await self._page(position):
            position = page[-1][0]
            entries += [(at, Event.read(text)) for at, text in page if text.startswith(start)]
        return entries

    async def _page(self, position: str) -> list[tuple[str, str]]:
        found: Any = await self._redis.xrange(STREAM, min=f"({position}", count=_PAGE)
        return [(entry_id, fields["event"]) for entry_id, fields in found]

    async def charged_since(self, account_id: str, start: datetime) -> int:
        """What an account was charged for calls from a day on, counted anew."""
        while True:
            position = await self.position()
            await self.keep_above(position)
            charged = await self._drained_since(account_id, start)
            charged += await self._waiting_since(account_id, start, position)
            if await self.position() == position:
                return charged

    async def items_since(
        self, account_id: str, start: datetime, session: AsyncClientSession | None = None
    ) -> int:
        """How many items crawls delivered to an account from a day on, one request each."""
        days = self._database[USAGE_DAYS].find(
            _since(account_id, start), {"items": 1}, session=session
        )
        return sum([int(day.get("items", 0)) async for day in days])

    async def keep_above(self, position: str) -> None:
        """See to it that the events to come lie past a position.

        Without its data Redis would number them by its clock alone, which may be behind the one
        that the position is from: a machine taking over, a clock set right.
        """
        if position == _START or order(await self._last_id()) >= order(position):
            return
        with contextlib.suppress(ResponseError):  # meanwhile there are events past it
            await self._redis.xadd(STREAM, {"event": ""}, id=position, maxlen=0, approximate=False)

    async def _last_id(self) -> str:
        try:
            about: Any = await self._redis.xinfo_stream(STREAM)
        except ResponseError:
            return _START
        return str(about["last-generated-id"])

    async def _drained_since(self, account_id: str, start: datetime) -> int:
        days = self._database[USAGE_DAYS].find(
            _since(account_id, start), {"charged": 1, "items": 1}
        )
        return sum([int(day.get("charged", 0) - day.get("items", 0)) async for day in days])

    async def _waiting_since(self, account_id: str, start: datetime, position: str) -> int:
        charged = 0
        while entries := await self.waiting(position):
            position = entries[-1][0]
            charged += sum(
                event.charged
                for _, event in entries
                if event.account_id == account_id and event.moment >= start
            )
        return charged


class Drainer:
    """Moves usage events to MongoDB; several at once do no harm."""

    def __init__(self, redis: Redis, database: AsyncDatabase[Document]) -> None:
        self._redis = redis
        self._database = database
        self._usage = Usage(redis, database)
        self._compactor = Compactor(database)

    @contextlib.asynccontextmanager
    async def draining(
        self, *, pause_s: float = _PAUSE_S, news_s: float = _NEWS_S
    ) -> AsyncIterator[None]:
        """Drain in the background, and once more at the end."""
        ending = asyncio.Event()
        tasks = {
            asyncio.create_task(self._drain_until(ending, pause_s), name="usage drainer"),
            asyncio.create_task(self._compact_until(ending, news_s), name="usage compactor"),
        }
        try:
            yield
        finally:
            # pymongo can swallow a cancellation, so the tasks are asked to end by themselves.
            ending.set()
            await asyncio.wait(tasks, timeout=_LAST_DRAIN_S)
            for task in tasks:
                task.cancel()

    async def drain(self) -> int:
        """Drain what is there now and answer how many events it was.

        Raises:
            RedisError, PyMongoError: a database does not answer; nothing is lost or doubled.
        """
        count = drained = await self._drain_once()
        while drained >= _AT_ONCE:
            drained = await self._drain_once()
            count += drained
        return count

    async def compact(self) -> int:
        """Count what draining has noted of videos and keys; answers how many notes that were.

        Raises:
            PyMongoError: MongoDB does not answer; nothing is lost or doubled.
        """
        return await self._compactor.compact()

    async def _drain_until(self, ending: asyncio.Event, pause_s: float) -> None:
        is_last = False
        while not is_last:
            is_last = ending.is_set()
            try:
                await self.drain()
            except (RedisError, PyMongoError, OSError) as error:
                logger.warning("usage stays on the stream for now: %s", error)
            await _pause(ending, pause_s)

    async def _compact_until(self, ending: asyncio.Event, news_s: float) -> None:
        while not await _pause(ending, news_s):
            try:
                await self.compact()
            except (PyMongoError, OSError) as error:
                logger.warning("usage of videos and keys is counted later: %s", error)

    async def _drain_once(self) -> int:
        position = last = await self._usage.position()
        folding, count = Folding(), 0
        while count < _AT_ONCE and (entries := await self._usage.waiting(last)):
            folding.add(event for _, event in entries)
            last, _ = entries[-1]
            count += len(entries)
        if not count:
            await self._usage.keep_above(position)
            return 0
        if not await self._move(position, last, folding):
            return 0
        milliseconds, sequence = order(last)
        await self._redis.xtrim(STREAM, minid=f"{milliseconds}-{sequence + 1}", approximate=False)
        return count

    async def _move(self, position: str, last: str, folding: Folding) -> bool:
        """Count the events and move the position, both or neither."""
        drains = self._database[USAGE_DRAINS]
        if position == _START:
            with contextlib.suppress(DuplicateKeyError):
                await drains.insert_one({"_id": STREAM, "position": _START})

        async def move(session: AsyncClientSession) -> bool:
            moved = await drains.update_one(
                {"_id": STREAM, "position": position},
                {"$set": {"position": last}},
                session=session,
            )
            if moved.matched_count == 0:
                return False
            if updates := folding.day_updates():
                await self._database[USAGE_DAYS].bulk_write(updates, session=session)
                await self._database[USAGE_NEWS].insert_many(
                    folding.news(), ordered=False, session=session
                )
            return True

        async with self._database.client.start_session() as session:
            return bool(await session.with_transaction(move))


async def _pause(ending: asyncio.Event, pause_s: float) -> bool:
    """Pause, and answer whether the end came meanwhile."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(ending.wait(), pause_s)
    return ending.is_set()


def _since(account_id: str, start: datetime) -> dict[str, Any]:
    return {"account_id": account_id, "date": {"$gte": start.strftime("%Y-%m-%d")}}


def order(entry_id: str) -> tuple[int, int]:
    """What ids of the stream are compared by."""
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)
