"""Crawls in MongoDB: made, read, cancelled, tried again. What happens to them is the conductor's.

Whoever makes a crawl writes its targets first and its record last: a crawl is there whole or not
at all. The conductor finds it in MongoDB; that Redis is told of it saves a second.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

from pymongo.errors import BulkWriteError, DuplicateKeyError
from redis.exceptions import RedisError

from accounts.paging import Page, read_page
from crawler.items import Kind
from crawler.jobs.collections import CRAWL_ITEMS, CRAWL_JOBS, CRAWL_TARGETS
from crawler.jobs.crawl import (
    Crawl,
    CrawlItem,
    CrawlOptions,
    CrawlState,
    CrawlTarget,
    TargetState,
    flight_of,
    item_id,
    target_id,
)
from crawler.jobs.numbered import read_numbered
from crawler.jobs.records import Lane, new_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.collection import AsyncCollection
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from crawler.links import Target
    from services.mongodb import Document

logger = logging.getLogger(__name__)

MOST_TARGETS = 10_000
NEWS = "crawls:news"
"""The stream in Redis on which the conductor hears of crawls that it should look at."""
CANCELLED = "cancelled"
_AT_ONCE = 1000
_KEPT_NEWS = 1000
_CANCELLED_S = 24 * 3600
_DUPLICATE_KEY = 11000
_OF_AN_END = ("finished_at", "stop_reason", "stopped_at", "rate", "eta_s")
_OF_AN_OUTCOME = ("reason", "stop_reason", "message", "finished_at", "leader")
_ACTIVE = [CrawlState.QUEUED.value, CrawlState.RUNNING.value]
_ENDED = [state.value for state in CrawlState if state.is_ended]


class CrawlError(Exception):
    """What cannot be done with a crawl; the text says why."""


class UnknownCrawlError(CrawlError):
    """There is no such crawl, or it is another account's."""

    def __init__(self, crawl_id: str) -> None:
        super().__init__(f"there is no crawl {crawl_id}")


class CrawlStateError(CrawlError):
    """The crawl is in a state in which this cannot be done to it."""


def cancelled_key(crawl_id: str) -> str:
    """What is there in Redis once nothing more of a crawl is wanted; its value says why."""
    return f"crawl:{crawl_id}:cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCrawl:
    """A crawl that is to be made."""

    id: str
    targets: Sequence[Target]
    options: CrawlOptions
    owner: str | None
    lane: Lane = Lane.BULK
    schedule: str | None = None


class Crawls:
    """All crawls. With ``owner`` None every crawl is seen, as the operator sees them."""

    def __init__(self, database: AsyncDatabase[Document], redis: Redis | None = None) -> None:
        self._client = database.client
        self._jobs = database[CRAWL_JOBS]
        self._targets = database[CRAWL_TARGETS]
        self._items = database[CRAWL_ITEMS]
        self._redis = redis

    async def create(
        self,
        targets: Sequence[Target],
        options: CrawlOptions | None = None,
        *,
        owner: str | None,
        lane: Lane = Lane.BULK,
        schedule: str | None = None,
        crawl_id: str | None = None,
    ) -> Crawl:
        """Make a crawl; with an id that there is already, answer the one that is there.

        Raises:
            CrawlError: it has no targets, or too many.
            PyMongoError: MongoDB does not answer; the same id may be tried again.
        """
        if not 1 <= len(targets) <= MOST_TARGETS:
            raise CrawlError(f"a crawl has 1 to {MOST_TARGETS} targets, not {len(targets)}")
        new = NewCrawl(
            targets=targets,
            options=options or CrawlOptions(),
            owner=owner,
            lane=lane,
            schedule=schedule,
            id=crawl_id or new_id("crawl"),
        )
        for batch in _batches(_target_documents(new)):
            await self._insert(self._targets, batch)
        document = _crawl_document(new)
        try:
            await self._jobs.insert_one(document)
        except DuplicateKeyError:
            return await self.get(new.id)
        await self._tell(new.id)
        return Crawl.of(document)

    async def create_all(self, crawls: Sequence[NewCrawl]) -> None:
        """Make several crawls with few writes; those that are there already stay as they are.

        Raises:
            PyMongoError: MongoDB does not answer; the same may be tried again.
        """
        documents = chain.from_iterable(map(_target_documents, crawls))
        for batch in _batches(documents):
            await self._insert(self._targets, batch)
        for batch in _batches(map(_crawl_document, crawls)):
            await self._insert(self._jobs, batch)
        await self._tell(*(crawl.id for crawl in crawls))

    async def get(self, crawl_id: str, *, owner: str | None = None) -> Crawl:
        """The crawl with this id.

        Raises:
            UnknownCrawlError: there is none, or it is not this owner's.
        """
        document = await self._jobs.find_one({"_id": crawl_id, **_of(owner)})
        if document is None:
            raise UnknownCrawlError(crawl_id)
        return Crawl.of(document)

    async def page(
        self,
        *,
        owner: str | None = None,
        state: CrawlState | None = None,
        label: str | None = None,
        schedule: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Crawl]:
        """Crawls, newest first.

        Raises:
            CursorError: ``cursor`` is none that an earlier page gave.
        """
        query: dict[str, Any] = _of(owner)
        if state is not None:
            query["state"] = state.value
        if label is not None:
            query["options.labels"] = label
        if schedule is not None:
            query["schedule"] = schedule
        page = await read_page(self._jobs, query, by="created_at", limit=limit, cursor=cursor)
        return page.of(Crawl.of)

    async def targets(
        self,
        crawl_id: str,
        *,
        state: TargetState | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[CrawlTarget]:
        """The targets of a crawl in their order; empty when there is no such crawl.

        Raises:
            CursorError: ``cursor`` is none that an earlier page gave.
        """
        page = await read_numbered(
            self._targets,
            {} if state is None else {"crawl": crawl_id, "state": state.value},
            by="number",
            ids_of=crawl_id if state is None else None,
            limit=limit,
            cursor=cursor,
        )
        return page.of(CrawlTarget.of)

    async def items(
        self, crawl: Crawl, *, limit: int = 100, cursor: str | None = None
    ) -> Page[CrawlItem]:
        """What a crawl delivered, in the order in which it did; no item is ever passed over.

        While the crawl goes on the page has a cursor even at its end: what comes later begins
        there.

        Raises:
            CursorError: ``cursor`` is none that an earlier page gave.
        """
        page = await read_numbered(
            self._items,
            {"crawl": crawl.id},
            by="sequence",
            limit=limit,
            cursor=cursor,
            # Of two workers the one with the later number may be first to write.
            is_dense=not crawl.state.is_ended,
        )
        return page.of(CrawlItem.of)

    async def kinds(self, crawl_id: str) -> list[Kind]:
        """Of which kinds the items are that a crawl delivered so far."""
        found = []
        for kind in Kind:
            # Their ids begin with it: no item is looked at but the first of each kind.
            first = item_id(crawl_id, kind, "")
            within = {"$gte": first, "$lt": f"{first[:-1]};"}
            if await self._items.find_one({"_id": within}, {"_id": 1}):
                found.append(kind)
        return found

    async def cancel(self, crawl_id: str, *, owner: str | None = None) -> Crawl:
        """Want no more of a crawl: nothing new of it begins, and what runs is stopped.

        The crawl has its state ``cancelled`` once that is done, a few seconds later at most. To
        cancel one twice, or one that has ended, changes nothing.

        Raises:
            UnknownCrawlError: there is none, or it is not this owner's.
        """
        crawl = await self.get(crawl_id, owner=owner)
        if crawl.state.is_ended:
            return crawl
        await self._jobs.update_one(
            {"_id": crawl_id, "state": {"$in": _ACTIVE}, "stop_reason": None},
            {"$set": {"stop_reason": CANCELLED, "stopped_at": _now()}},
        )
        if self._redis is not None:
            try:
                await self._redis.set(cancelled_key(crawl_id), CANCELLED, ex=_CANCELLED_S, nx=True)
            except (RedisError, OSError) as error:
                logger.warning("%s is cancelled by the conductor: %s", crawl_id, error)
        await self._tell(crawl_id)
        return await self.get(crawl_id)

    async def retry(
        self, crawl_id: str, *, owner: str | None = None, keys: Collection[str] | None = None
    ) -> Crawl:
        """Crawl the failed targets of a crawl once more; it is the same crawl and goes on.

        With ``keys`` only those of them that have one of these keys.

        Raises:
            UnknownCrawlError: there is none, or it is not this owner's.
            CrawlStateError: it has not ended yet, or none of its targets failed.
        """
        crawl = await self.get(crawl_id, owner=owner)
        if not crawl.state.is_ended:
            raise CrawlStateError(
                f"{crawl_id} is {crawl.state.value}: it can be retried at its end"
            )
        if not crawl.counts.failed:
            raise CrawlStateError(f"no target of {crawl_id} failed: there is nothing to retry")
        if self._redis is not None:
            await self._redis.delete(cancelled_key(crawl_id))
        async with self._client.start_session() as session:
            await session.with_transaction(lambda session: self._begin(crawl, keys, session))
        await self._tell(crawl_id)
        return await self.get(crawl_id)

    async def _begin(
        self, crawl: Crawl, keys: Collection[str] | None, session: AsyncClientSession
    ) -> None:
        """Put failed targets of an ended crawl before the conductor again."""
        wanted = {} if keys is None else {"key": {"$in": [*keys]}}
        waiting = await self._targets.update_many(
            {"crawl": crawl.id, "state": TargetState.FAILED.value, **wanted},
            {"$set": {"state": TargetState.WAITING.value, **dict.fromkeys(_OF_AN_OUTCOME)}},
            session=session,
        )
        if not waiting.modified_count:
            raise CrawlStateError(f"these targets of {crawl.id} are not failed any more")
        begun = await self._jobs.update_one(
            {"_id": crawl.id, "state": {"$in": _ENDED}, "attempts": crawl.attempts},
            {
                "$set": {"state": CrawlState.QUEUED.value, **dict.fromkeys(_OF_AN_END)},
                "$inc": {"attempts": 1, "counts.failed": -waiting.modified_count},
            },
            session=session,
        )
        if not begun.modified_count:
            raise CrawlStateError(f"{crawl.id} is being retried already")

    async def _insert(
        self, collection: AsyncCollection[Document], documents: Sequence[Document]
    ) -> None:
        try:
            await collection.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            # Who was interrupted and tries again meets what is there already.
            others = [one for one in error.details["writeErrors"] if one["code"] != _DUPLICATE_KEY]
            if others:
                raise

    async def _tell(self, *crawl_ids: str) -> None:
        if self._redis is None:
            return
        try:
            pipeline = self._redis.pipeline(transaction=False)
            for crawl_id in crawl_ids:
                pipeline.xadd(NEWS, {"crawl": crawl_id}, maxlen=_KEPT_NEWS)
            await pipeline.execute()
        except (RedisError, OSError) as error:
            told = crawl_ids[0] if len(crawl_ids) == 1 else f"{len(crawl_ids)} crawls"
            logger.warning("the conductor hears of %s a little later: %s", told, error)


def _of(owner: str | None) -> dict[str, Any]:
    return {} if owner is None else {"owner": owner}


def _crawl_document(new: NewCrawl) -> Document:
    return {
        "_id": new.id,
        "owner": new.owner,
        "state": CrawlState.QUEUED.value,
        "lane": new.lane.value,
        "created_at": _now(),
        "started_at": None,
        "finished_at": None,
        "options": new.options.to_document(),
        "schedule": new.schedule,
        "counts": {"targets": len(new.targets)}
        | dict.fromkeys(("succeeded", "failed", "cancelled", "items"), 0),
        "stop_reason": None,
        "attempts": 1,
    }


def _target_documents(new: NewCrawl) -> Iterator[Document]:
    bounds = new.options.bounds
    for number, target in enumerate(new.targets, start=1):
        yield {
            "_id": target_id(new.id, number),
            "crawl": new.id,
            "number": number,
            "type": target.type.value,
            "value": target.value,
            "username": target.username,
            "key": target.key,
            "flight": flight_of(target, bounds),
            "state": TargetState.WAITING.value,
            "attempts": 0,
        }


def _batches(documents: Iterator[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    for document in documents:
        batch.append(document)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _now() -> datetime:
    return datetime.now(UTC)
