"""Crawls that reads wait for: an account's own, named by a 202, and joined by who asks again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from api.charges import Answer
from api.storage import storage
from crawler.jobs.crawl import CrawlOptions, flight_of
from crawler.jobs.crawls import UnknownCrawlError
from crawler.jobs.events import EventType
from crawler.jobs.records import Lane, new_id

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from crawler.jobs.crawl import Crawl, CrawlTarget
    from crawler.jobs.crawls import Crawls
    from crawler.jobs.events import Events
    from crawler.jobs.outcomes import Waiter
    from crawler.links import Target

LABEL = "read"
"""The label of crawls that reads have made."""
WITHIN_S = 120
"""How long the crawl of a read may take."""
PROMISED_S = WITHIN_S + 60
"""How long a crawl that a 202 named is what the same read is answered from."""
AGAIN_S = 5
GLANCE_S = 0.5
"""How often one looks whether a crawl has ended of which no worker has told."""
_MAKING_S = 3.0
"""Giving up early on making a crawl would leave open whether it was made."""
_ENTERED_S = 0.02
"""How long the conductor takes at least to enter what a worker has told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What an account reads that is crawled for it."""

    account: str
    target: Target
    limit: int | None = None
    """Of a list: how many items are wanted."""

    @property
    def options(self) -> CrawlOptions:
        """What the crawl is made with."""
        return CrawlOptions(limit=self.limit, within_s=WITHIN_S, labels=(LABEL,))

    @property
    def key(self) -> str:
        """Where Redis holds the crawl's id."""
        return f"read:{self.account}:{flight_of(self.target, self.options.bounds)}"


class Promises:
    """Makes, finds and waits for the crawls of reads; one for each process.

    Each method raises ``ApiError`` when MongoDB or Redis does not answer.
    """

    def __init__(self, redis: Redis, crawls: Crawls, events: Events, *, address: str) -> None:
        self._redis = redis
        self._crawls = crawls
        self._events = events
        self._address = address

    async def find(self, promise: Promise) -> Crawl | None:
        """The crawl that an earlier read of the same has made."""
        async with storage():
            known = await self._redis.get(promise.key)
            return None if known is None else await self._get(str(known), promise)

    async def make(self, promise: Promise) -> Crawl:
        """The crawl that an earlier read of the same has made, else a new one."""
        async with storage(_MAKING_S):
            crawl_id = new_id("crawl")
            known = await self._redis.set(promise.key, crawl_id, nx=True, get=True, ex=PROMISED_S)
            if known is not None:
                crawl_id = str(known)
                if (crawl := await self._get(crawl_id, promise)) is not None:
                    return crawl
            return await self._crawls.create(
                [promise.target],
                promise.options,
                owner=promise.account,
                lane=Lane.DEMAND,
                crawl_id=crawl_id,
            )

    async def wait(self, crawl: Crawl, waiter: Waiter, deadline: float) -> Crawl:
        """The crawl at its end, or as it is at the deadline.

        Workers wake all waiters of a process over one connection; what they do not tell of is
        looked for.
        """
        last: str | None = None
        is_told = crawl.state.is_ended
        while not crawl.state.is_ended and (left_s := deadline - monotonic()) > 0:
            if is_told:
                await asyncio.sleep(min(left_s, _ENTERED_S))
            else:
                is_told = await waiter.wait(min(left_s, GLANCE_S)) is not None
            async with storage():
                events = await self._events.read(crawl.id, last)
                if any(event.type is EventType.END for event in events):
                    break
            last = events[-1].id if events else last
        async with storage():
            return await self._crawls.get(crawl.id)

    async def end(self, promise: Promise, crawl: Crawl) -> CrawlTarget:
        """Answer from a crawl that has ended: the next read is none of it. How its target ended."""
        async with storage():
            await self._redis.delete(promise.key)
            page = await self._crawls.targets(crawl.id, limit=1)
        (ended,) = page.items
        return ended

    def accepted(self, crawl: Crawl) -> Answer:
        """The answer that names a crawl which goes on."""
        address = f"{self._address}/api/v1/crawls/{crawl.id}"
        return Answer(
            status=202,
            body={
                "crawl": {"id": crawl.id, "state": crawl.state.value, "url": address},
                "retry_after": AGAIN_S,
            },
            headers=(("Location", address), ("Retry-After", str(AGAIN_S))),
        )

    async def _get(self, crawl_id: str, promise: Promise) -> Crawl | None:
        """None when whoever promised it has not come, or will not come, to making it."""
        try:
            return await self._crawls.get(crawl_id, owner=promise.account)
        except UnknownCrawlError:
            return None
