"""Waiting for outcomes: one subscription for each process, shared by all its waiters."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Self

from redis.exceptions import RedisError

from crawler.jobs.queue import CHANNEL
from crawler.jobs.records import Outcome
from services.tasks import ended

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis.asyncio import Redis

logger = logging.getLogger(__name__)

_RETRY_S = 0.2


class Waiter:
    """Somebody who wants to know how one target ends."""

    def __init__(self) -> None:
        self._told: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def tell(self, outcome: Outcome) -> None:
        """Hand over the outcome; the first one counts."""
        if not self._told.done():
            self._told.set_result(outcome)

    async def wait(self, timeout_s: float) -> Outcome | None:
        """The outcome, or None when it has not come within ``timeout_s``.

        A message can be lost while the connection to Redis is made anew, so whoever gets None
        looks at the cache once more before giving up.
        """
        try:
            return await asyncio.wait_for(asyncio.shield(self._told), timeout_s)
        except TimeoutError:
            return None


class Outcomes:
    """The subscription; an async context manager that owns its reader."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiters: dict[str, set[Waiter]] = defaultdict(set)
        self._subscribed = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._reader = asyncio.create_task(self._read_for_ever(), name="outcomes")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._reader is not None:
            await ended(self._reader)

    async def until_subscribed(self) -> None:
        """Return as soon as outcomes are being heard."""
        await self._subscribed.wait()

    @contextlib.contextmanager
    def expect(self, key: str) -> Iterator[Waiter]:
        """Be told the next outcome of a target; enter this before asking for it."""
        waiter = Waiter()
        self._waiters[key].add(waiter)
        try:
            yield waiter
        finally:
            self._waiters[key].discard(waiter)
            if not self._waiters[key]:
                del self._waiters[key]

    async def _read_for_ever(self) -> None:
        while True:
            try:
                await self._read()
            except (RedisError, OSError) as error:
                logger.warning("outcomes are not being heard: %s", error)
            self._subscribed.clear()
            await asyncio.sleep(_RETRY_S)

    async def _read(self) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=False) as subscription:
            await subscription.subscribe(CHANNEL)
            while True:
                message = await subscription.get_message(timeout=None)
                if message is None:
                    continue
                if message["type"] == "subscribe":
                    self._subscribed.set()
                elif message["type"] == "message":
                    self._tell(message["data"])

    def _tell(self, text: str) -> None:
        outcome = Outcome.from_json(text)
        for waiter in self._waiters.get(outcome.key, ()):
            waiter.tell(outcome)
