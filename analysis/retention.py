"""How long what crawls collect is kept, collection by collection.

Time series lose their old buckets by themselves, once MongoDB is told the age: nothing else can
delete from them by time. From all others a daily look deletes what is too old: an index on a time
that changes with every crawl would cost each crawl more than that look.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from analysis.rollups import collections as rollups
from crawler.jobs.collections import CRAWL_ITEMS, CRAWL_JOBS, CRAWL_TARGETS
from crawler.jobs.lease import Lease
from pipelines.collections import (
    COMMENTS,
    HASHTAGS,
    LISTS,
    MUSIC,
    ROWS,
    SEARCH_RESULTS,
    USERS,
    VIDEOS,
    prepare,
)
from services.archive import open_archive
from services.errors import ServiceError
from services.positions import POSITIONS
from services.tasks import background
from settings.env import SettingsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document
    from settings.env import Environment

logger = logging.getLogger(__name__)

KEEPER = "retention"
"""The name of the lease, and of the position."""
DAILY = tuple(name for name in rollups.DOCUMENTS if name != rollups.ROLLUPS)
AGES = {
    **dict.fromkeys(
        (VIDEOS, USERS, HASHTAGS, MUSIC, COMMENTS, LISTS, SEARCH_RESULTS), "observed_at"
    ),
    CRAWL_JOBS: "finished_at",
    **dict.fromkeys(DAILY, "day"),
}
"""By which of its times a document is too old; a crawl goes with its targets and items."""
_EACH = timedelta(days=1)
_PAUSE_S = 600.0
_DRAIN_S = 5.0
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How long the documents of a collection are kept."""

    collection: str
    days: int

    @property
    def is_series(self) -> bool:
        """Whether it is a time series."""
        return self.collection in ROWS

    @property
    def age(self) -> str:
        """By which time a document is too old."""
        return AGES.get(self.collection, "observed_at")

    def too_old(self, now: datetime) -> Document:
        """What finds the documents that are too old; a crawl that goes on has no such time."""
        return {self.age: {"$lt": now - timedelta(days=self.days)}}


def read_rules(wanted: Iterable[tuple[str, int]]) -> list[Rule]:
    """The rules of ``RETENTION``.

    Raises:
        SettingsError: one is for no collection that may be limited.
    """
    rules = [Rule(collection=name, days=days) for name, days in wanted]
    for rule in rules:
        if rule.collection not in AGES and not rule.is_series:
            known = ", ".join(sorted([*AGES, *ROWS]))
            raise SettingsError(
                f"RETENTION: {rule.collection!r} cannot be limited: name some of {known}"
                " (raw items are kept for RAW_TTL_S)"
            )
    return rules


class Retention:
    """Deletes what is too old."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        rules: Sequence[Rule],
        *,
        archive_url: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._rules = rules
        self._archive = open_archive(archive_url) if archive_url else None
        self._clock = clock

    async def too_old(self) -> dict[str, int]:
        """How many documents or rows of each collection are too old now."""
        now = self._clock()
        return {
            rule.collection: await self._database[rule.collection].count_documents(
                rule.too_old(now)
            )
            for rule in self._rules
        }

    async def apply(self) -> AsyncIterator[tuple[Rule, int]]:
        """Delete what is too old, and tell again and again how many documents went.

        Rows of a time series go within a minute or so of being told, a whole bucket at a time.

        Raises:
            ServiceError: the archive does not delete.
            PyMongoError: MongoDB does not answer; to do it again goes on.
        """
        await prepare(self._database)
        await self._limit_series()
        now = self._clock()
        for rule in self._rules:
            if not rule.is_series:
                async for count in self._delete(rule, now):
                    yield rule, count
        about = {"at": now, "days": self._days()}
        await self._database[POSITIONS].update_one({"_id": KEEPER}, {"$set": about}, upsert=True)

    async def is_due(self) -> bool:
        """Whether it was not applied within a day, or with other rules."""
        last = await self._database[POSITIONS].find_one({"_id": KEEPER})
        if last is None:
            return bool(self._rules)
        return bool(last["days"] != self._days() or self._clock() - last["at"] >= _EACH)

    def _days(self) -> dict[str, int]:
        return {rule.collection: rule.days for rule in self._rules}

    async def _limit_series(self) -> None:
        """Tell MongoDB the age of each time series; one that no rule limits any more is free."""
        last = await self._database[POSITIONS].find_one({"_id": KEEPER}) or {}
        before: Mapping[str, int] = last.get("days", {})
        wanted: dict[str, Any] = {name: "off" for name in before if name in ROWS}
        wanted |= {rule.collection: rule.days * 86400 for rule in self._rules if rule.is_series}
        for name, seconds in wanted.items():
            await self._database.command("collMod", name, expireAfterSeconds=seconds)

    async def _delete(self, rule: Rule, now: datetime) -> AsyncIterator[int]:
        query = rule.too_old(now)
        found = self._database[rule.collection].find(query, {"_id": 1}).batch_size(_AT_ONCE)
        ids: list[Any] = []
        async for document in found:
            ids.append(document["_id"])
            if len(ids) == _AT_ONCE:
                yield await self._delete_these(rule, ids, query)
                ids = []
        if ids:
            yield await self._delete_these(rule, ids, query)

    async def _delete_these(self, rule: Rule, ids: list[Any], query: Document) -> int:
        """Delete documents that are still too old: one may have been seen again meanwhile."""
        these = {"_id": {"$in": ids}, **query}
        if rule.collection == VIDEOS and self._archive is not None:
            kept = self._database[VIDEOS].find(
                {**these, "archive.0": {"$exists": True}}, {"_id": 1}
            )
            for video in [one["_id"] async for one in kept]:
                await asyncio.to_thread(self._archive.remove, video)
        if rule.collection == CRAWL_JOBS:
            found = self._database[CRAWL_JOBS].find(these, {"_id": 1})
            # They go first: of an interrupted deletion the crawl is left, and found again.
            for crawl in [one["_id"] async for one in found]:
                for name in (CRAWL_TARGETS, CRAWL_ITEMS):
                    await self._database[name].delete_many({"crawl": crawl})
        gone = await self._database[rule.collection].delete_many(these)
        return gone.deleted_count


class Keeper:
    """Applies the rules once a day; of several processes one does."""

    def __init__(self, retention: Retention, lease: Lease, *, pause_s: float = _PAUSE_S) -> None:
        self._retention = retention
        self._lease = lease
        self._pause_s = pause_s
        self._is_ending = asyncio.Event()

    @contextlib.asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        """Look again and again for as long as this context is entered."""
        work = self._keep_for_ever()
        async with background(work, name=KEEPER, ending=self._is_ending, drain_s=_DRAIN_S):
            yield

    async def keep(self) -> int:
        """Apply the rules if it is time and nobody else does; answers how many documents went.

        Raises:
            PyMongoError, RedisError: a database does not answer.
        """
        count = 0
        if await self._retention.is_due() and await self._lease.take():
            async for rule, more in self._retention.apply():
                count += more
                await self._lease.take()
                logger.info("%d of %s were too old", more, rule.collection)
                if self._is_ending.is_set():
                    break
            await self._lease.let_go()
        return count

    async def _keep_for_ever(self) -> None:
        while not self._is_ending.is_set():
            try:
                await self.keep()
            except (PyMongoError, RedisError, ServiceError, OSError) as error:
                logger.warning("what is too old is deleted later: %s", error)
            except Exception:
                logger.exception("retention failed by our own fault")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_ending.wait(), self._pause_s)


def keep_retention(
    environment: Environment,
) -> Callable[[AsyncDatabase[Document], Redis], AbstractAsyncContextManager[None]]:
    """What keeps the rules of ``RETENTION`` in the scheduler's process.

    Raises:
        SettingsError: as :func:`read_rules`.
    """
    rules = read_rules(environment.retention)

    def keeping(
        database: AsyncDatabase[Document], redis: Redis
    ) -> AbstractAsyncContextManager[None]:
        retention = Retention(database, rules, archive_url=environment.archive_url)
        return Keeper(retention, Lease(redis, KEEPER)).keeping()

    return keeping
