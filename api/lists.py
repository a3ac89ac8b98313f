"""The way of a read of a list: store, then a crawl, then a word of the crawl that goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import monotonic, time
from typing import TYPE_CHECKING, Any

from api.absences import absence
from api.charges import Answer, charged
from api.errors import (
    HASHTAG_NOT_FOUND,
    MUSIC_NOT_FOUND,
    USER_NOT_FOUND,
    VIDEO_NOT_FOUND,
    Problem,
    refusal,
)
from api.promises import Promise
from api.storage import storage
from crawler.errors import Reason
from crawler.jobs.lists import StopReason
from crawler.links import Target, TargetType
from pipelines.documents.public import timestamp

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from accounts.limits import Admission
    from api.admissions import Admissions
    from api.calls import Call
    from api.cursors import Cursors
    from api.promises import Promises
    from api.stored_lists import StoredLists
    from crawler.jobs.outcomes import Outcomes
    from crawler.jobs.queue import Queue
    from pipelines.documents.crawled import CrawledList

_NAMES = {
    TargetType.COMMENTS: "comments",
    TargetType.SEARCH: "results",
}
_ABSENT = {
    TargetType.USER: USER_NOT_FOUND,
    TargetType.HASHTAG: HASHTAG_NOT_FOUND,
    TargetType.MUSIC: MUSIC_NOT_FOUND,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListWish:
    """Which part of which list a caller asks for, and how old it may be."""

    target: Target
    limit: int
    cursor: str | None = None
    max_age: int | None = None
    parent_id: str | None = None
    """Of comments: the one whose replies are meant."""

    @property
    def name(self) -> str:
        """What a cursor of the list is bound to."""
        return f"{self.target.key}\n{self.parent_id or ''}"


class Lists:
    """Answers reads of lists; one for each process."""

    def __init__(
        self,
        admissions: Admissions,
        *,
        stored: StoredLists,
        redis: Redis,
        queue: Queue,
        promises: Promises,
        outcomes: Outcomes,
        cursors: Cursors,
        timeout_s: float,
        fresh_s: float,
    ) -> None:
        self._admissions = admissions
        self._stored = stored
        self._redis = redis
        self._queue = queue
        self._promises = promises
        self._outcomes = outcomes
        self._cursors = cursors
        self._timeout_s = timeout_s
        self._fresh_s = fresh_s

    async def answer(self, call: Call, wish: ListWish) -> Answer:
        """The answer to a read: a page of the list, or a 202 that names its crawl.

        Raises:
            ApiError: there is no such list, or it cannot be had now, or the call is refused.
        """
        place = self._cursors.open(wish.name, wish.cursor)

        async def read(admission: Admission) -> Answer:
            return await self._read(call, admission, wish, place)

        return await charged(self._admissions, call, read)

    async def _read(
        self, call: Call, admission: Admission, wish: ListWish, place: str | None
    ) -> Answer:
        asked_at = time() - (monotonic() - call.started)
        since = asked_at - (self._fresh_s if wish.max_age is None else wish.max_age)
        state = await self._stored.state(wish.target)
        # A later page goes on where the first one was read, whatever its age is by then.
        if place is not None or is_fresh(state, since=since, limit=wish.limit):
            return await self._page(wish, state, place=place, is_cached=True)
        reason = await absence(self._redis, wish.target, max_age=wish.max_age)
        if reason is not None:
            raise self._refusal(wish, reason)
        return await self._crawl(admission.account_id, wish, call.started + self._timeout_s)

    async def _page(
        self, wish: ListWish, state: CrawledList | None, *, place: str | None, is_cached: bool
    ) -> Answer:
        page = await self._stored.page(
            wish.target, parent_id=wish.parent_id, limit=wish.limit, place=place
        )
        cursor = None if page.cursor is None else self._cursors.seal(wish.name, page.cursor)
        body = {
            _NAMES.get(wish.target.type, "videos"): page.items,
            "next_cursor": cursor,
            "meta": _shown_state(state),
        }
        return Answer(body=body, is_cached=is_cached)

    async def _crawl(self, account_id: str, wish: ListWish, deadline: float) -> Answer:
        """Have the list crawled, and answer what that comes to by ``deadline``."""
        async with storage(absent=_absent(wish.target)):
            await self._queue.check(wish.target)
        promise = Promise(account=account_id, target=wish.target, limit=wish.limit)
        with self._outcomes.expect(wish.target.key) as waiter:
            crawl = await self._promises.wait(await self._promises.make(promise), waiter, deadline)
        if not crawl.state.is_ended:
            return self._promises.accepted(crawl)
        ended = await self._promises.end(promise, crawl)
        delivered = crawl.counts.items
        if ended.reason is not None and not delivered:
            raise self._refusal(wish, ended.reason)
        if ended.reason is Reason.QUOTA:  # more may be stored than the month was enough for
            wish = replace(wish, limit=min(wish.limit, delivered))
        state = await self._stored.state(wish.target)
        return await self._page(wish, state, place=None, is_cached=False)

    def _refusal(self, wish: ListWish, reason: Reason) -> Exception:
        return refusal(reason, absent=_absent(wish.target))


def _absent(target: Target) -> Problem:
    """What says that there is no such list."""
    return _ABSENT.get(target.type, VIDEO_NOT_FOUND)


def is_fresh(state: CrawledList | None, *, since: float, limit: int) -> bool:
    """Whether a list was looked at since then, as far as ``limit`` items or to its end."""
    if state is None or state.observed_at.timestamp() < since:
        return False
    if state.stop_reason == StopReason.LIMIT:
        return state.collected >= limit
    return state.stop_reason in {StopReason.END, StopReason.NO_PROGRESS}


def _shown_state(state: CrawledList | None) -> dict[str, Any]:
    """How fresh and how whole the list is; null where nobody has looked at all of it."""
    return {
        "observed_at": timestamp(state.observed_at) if state else None,
        "collected": state.collected if state else None,
        "reported_total": state.reported_total if state else None,
        "complete": state.complete if state else None,
        "stop_reason": state.stop_reason if state else None,
    }
