"""Watching crawls: their events as server-sent events, until the end or until the caller leaves."""

from __future__ import annotations

import asyncio
import contextlib
from time import monotonic
from typing import TYPE_CHECKING

import orjson

from crawler.jobs.events import Event, EventType
from crawler.jobs.shapes import show_crawl

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from crawler.jobs.crawl import Crawl
    from crawler.jobs.crawls import Crawls
    from crawler.jobs.events import Events

CONTENT_TYPE = "text/event-stream"
GLANCE_S = 0.5
"""How often one looks for events."""
HEARTBEAT_S = 15.0
"""After how long without events a line says that the connection is alive."""
LOOK_S = 5.0
"""How often one looks whether the crawl has ended and nobody told of it."""
RETRY_MS = 3000
"""How soon a client should come back that was cut off."""


class Watches:
    """All that is watched in one process."""

    def __init__(self, events: Events, crawls: Crawls) -> None:
        self._events = events
        self._crawls = crawls
        self._ends: set[asyncio.Event] = set()
        self._is_closed = False

    def close(self) -> None:
        """End every watch: its client goes on at another process, behind the last event it got."""
        self._is_closed = True
        for over in self._ends:
            over.set()

    async def watch(
        self, crawl: Crawl, *, after: str | None, over: asyncio.Event
    ) -> AsyncGenerator[bytes]:
        """The events of a crawl behind ``after``, as they are sent, until its end or ``over``.

        Raises:
            RedisError, PyMongoError: a database does not answer.
        """
        self._ends.add(over)
        try:
            events = await self._events.read(crawl.id, after)
            yield b"retry: %d\n\n" % RETRY_MS
            looked_at = told_at = monotonic()
            while not (self._is_closed or over.is_set()):
                if events:
                    yield b"".join(map(_written, events))
                    after, told_at = events[-1].id, monotonic()
                    # Behind the end of a crawl that was retried there is more.
                    if events[-1].type is EventType.END:
                        crawl = await self._crawls.get(crawl.id)
                        if crawl.state.is_ended:
                            return
                elif crawl.state.is_ended:
                    yield _end(crawl)
                    return
                elif monotonic() - looked_at > LOOK_S:
                    crawl, looked_at = await self._crawls.get(crawl.id), monotonic()
                else:
                    if monotonic() - told_at > HEARTBEAT_S:
                        yield b": the crawl goes on\n\n"
                        told_at = monotonic()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(over.wait(), GLANCE_S)
                events = await self._events.read(crawl.id, after)
        finally:
            self._ends.discard(over)


def _written(event: Event) -> bytes:
    return f"id: {event.id}\nevent: {event.type.value}\ndata: {event.data}\n\n".encode()


def _end(crawl: Crawl) -> bytes:
    """An end of which no event is kept any more."""
    return b"event: %b\ndata: %b\n\n" % (
        EventType.END.value.encode(),
        orjson.dumps(show_crawl(crawl)),
    )
