"""The way of a read of a user, a hashtag or a sound: store, its plain page, then a crawl's name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic, time
from typing import TYPE_CHECKING

from pymongo import DESCENDING

from api.absences import absence
from api.charges import Answer, charged
from api.errors import HASHTAG_NOT_FOUND, MUSIC_NOT_FOUND, USER_NOT_FOUND, Problem, refusal
from api.finding import FLIGHT_S
from api.promises import Promise
from api.storage import storage
from crawler.errors import Reason
from crawler.items import Kind, Layout
from crawler.links import Target, TargetType
from pipelines.documents.shapes import show
from services import tracing

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from accounts.limits import Admission
    from api.admissions import Admissions
    from api.calls import Call
    from api.promises import Promises
    from crawler.jobs.crawl import Crawl
    from crawler.jobs.outcomes import Outcomes
    from crawler.jobs.queue import Queue
    from services.mongodb import Document


@dataclass(frozen=True, slots=True)
class _Sort:
    """One sort of thing that has a page of its own."""

    kind: Kind
    found_by: str
    """The field that names it."""
    absent: Problem


_SORTS = {
    TargetType.USER_HEADER: _Sort(Kind.USER, "username", USER_NOT_FOUND),
    TargetType.HASHTAG_HEADER: _Sort(Kind.HASHTAG, "_id", HASHTAG_NOT_FOUND),
    TargetType.MUSIC_HEADER: _Sort(Kind.MUSIC, "_id", MUSIC_NOT_FOUND),
}


class Entities:
    """Answers reads of users, hashtags and sounds; one for each process."""

    def __init__(
        self,
        admissions: Admissions,
        *,
        redis: Redis,
        database: AsyncDatabase[Document],
        queue: Queue,
        outcomes: Outcomes,
        promises: Promises,
        timeout_s: float,
        fresh_s: float,
    ) -> None:
        self._admissions = admissions
        self._redis = redis
        self._database = database
        self._queue = queue
        self._outcomes = outcomes
        self._promises = promises
        self._timeout_s = timeout_s
        self._fresh_s = fresh_s

    async def answer(self, call: Call, target: Target, *, max_age: int | None) -> Answer:
        """The answer to a read: what is asked for, or a 202 that names its crawl.

        Raises:
            ApiError: there is no such thing, or it cannot be had now, or the call is refused.
        """

        async def read(admission: Admission) -> Answer:
            return await self._read(call, admission, target, max_age)

        return await charged(self._admissions, call, read)

    async def _read(
        self, call: Call, admission: Admission, target: Target, max_age: int | None
    ) -> Answer:
        asked_at = time() - (monotonic() - call.started)
        since = asked_at - (self._fresh_s if max_age is None else max_age)
        sort = _SORTS[target.type]
        stored = await self._stored(target, since)
        if stored is not None:
            return _answer(sort, stored, is_cached=True)
        reason = await absence(self._redis, target, max_age=max_age)
        if reason is not None:
            raise refusal(reason, absent=sort.absent)
        promise = Promise(account=admission.account_id, target=target)
        deadline = call.started + self._timeout_s
        promised = await self._promises.find(promise)
        if promised is not None:
            return await self._keep(promise, promised, deadline)
        with tracing.span("crawl", target=target.key):
            crawled = await self._crawl(target, since, deadline)
        if crawled is None:
            return self._promises.accepted(await self._promises.make(promise))
        return _answer(sort, crawled, is_cached=False)

    async def _keep(self, promise: Promise, crawl: Crawl, deadline: float) -> Answer:
        """Answer from a crawl that an earlier read was given the name of."""
        sort = _SORTS[promise.target.type]
        with self._outcomes.expect(promise.target.key) as waiter:
            crawl = await self._promises.wait(crawl, waiter, deadline)
        if not crawl.state.is_ended:
            return self._promises.accepted(crawl)
        ended = await self._promises.end(promise, crawl)
        if ended.reason is not None:
            raise refusal(ended.reason, absent=sort.absent)
        found = await self._stored(promise.target)
        if found is None:
            raise refusal(Reason.CRAWL_FAILED)
        return _answer(sort, found, is_cached=False)

    async def _stored(self, target: Target, since: float = 0) -> Document | None:
        """What MongoDB holds, if it is from the thing's own page and not from before ``since``."""
        sort = _SORTS[target.type]
        # A name that was given up can be another user's: the newest observation counts.
        async with storage():
            document = await self._database[sort.kind.collection].find_one(
                {sort.found_by: target.value.lower()}, sort=[("observed_at", DESCENDING)]
            )
        if document is None or document["layout"] == Layout.LIST:
            return None
        is_fresh = document["observed_at"] >= datetime.fromtimestamp(since, UTC)
        return document if is_fresh else None

    async def _crawl(self, target: Target, since: float, deadline: float) -> Document | None:
        """Have the page crawled, or join the crawl of it that is under way; None if it is slow."""
        sort = _SORTS[target.type]
        with self._outcomes.expect(target.key) as waiter:
            async with storage(absent=sort.absent):
                await self._queue.ask(target, flight_s=FLIGHT_S)
            outcome = await waiter.wait(max(0.0, deadline - monotonic()))
        if outcome is None:
            # What was told while the connection was made anew is stored all the same.
            return await self._stored(target, since)
        if outcome.reason is not None:
            wait_s = outcome.retry_after_s
            raise refusal(outcome.reason, retry_after_s=wait_s, absent=sort.absent)
        async with storage():
            found = await self._database[sort.kind.collection].find_one({"_id": outcome.item_id})
        if found is None:
            raise refusal(Reason.CRAWL_FAILED)
        return found


def _answer(sort: _Sort, stored: Document, *, is_cached: bool) -> Answer:
    shown = show(sort.kind.value, stored)
    meta = {"observed_at": shown["observed_at"]}
    return Answer(body={sort.kind.value: shown, "meta": meta}, is_cached=is_cached)
