"""What one worker of the archive has in hand: posts taken, renewed and ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Self, TypeVar

from redis.exceptions import RedisError

from services.tasks import stop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from crawler.jobs.backlog import Backlog, Due

logger = logging.getLogger(__name__)

T = TypeVar("T")

TRIES = 5
LEASE_S = 30.0
FIRST_PAUSE_S = 60.0
_GROWTH = 5
"""Pauses of 1, 5, 25 and 125 minutes: within the six hours for which addresses are good."""
_IDLE_S = 0.5


class Keeping:
    """Posts in hand, at most ``slots``; an async context manager that owns the renewal."""

    def __init__(
        self,
        backlog: Backlog,
        *,
        slots: int,
        lease_s: float = LEASE_S,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self._backlog = backlog
        self._slots = slots
        self._lease_s = lease_s
        self._first_pause_s = first_pause_s
        self._in_hand: set[str] = set()
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self._renewal: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._renewal = asyncio.create_task(self._renew_for_ever(), name="renew")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._renewal is not None:
            await stop(self._renewal)

    @property
    def in_hand(self) -> int:
        """How many posts have been taken and not ended."""
        return len(self._in_hand)

    @property
    def fetching(self) -> int:
        """How many of them have files on their way: all, for none waits here."""
        return self.in_hand

    async def posts(self) -> AsyncIterator[Due]:
        """Posts as they become due and slots are free, until this is closed."""
        while not self._closing.is_set():
            for due in await self._take():
                yield due
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), _IDLE_S)

    async def close(self, *, within_s: float) -> bool:
        """Take no more, and wait for what is in hand; True when all of it ended in time."""
        self._closing.set()
        try:
            async with asyncio.timeout(within_s):
                while self._in_hand:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def end(self, due: Due) -> bool:
        """End a post, or put it off when files of it may be had later; False: it is given up."""
        is_given_up = bool(due.problems) and due.tries >= TRIES
        if due.problems and not is_given_up:
            pause_s = self._first_pause_s * _GROWTH ** (due.tries - 1)
            await _asked(self._backlog.put_off([due.video_id], for_s=pause_s), None)
        else:
            await _asked(self._backlog.end(due.video_id), None)
        self._in_hand.discard(due.video_id)
        self._changed.set()
        return not is_given_up

    async def _take(self) -> list[Due]:
        free = self._slots - len(self._in_hand)
        if free <= 0:
            return []
        taken = await _asked(self._backlog.take(free, lease_s=self._lease_s), [])
        # What could not be renewed in time is due again, but not for whoever still has it.
        taken = [due for due in taken if due.video_id not in self._in_hand]
        self._in_hand.update(due.video_id for due in taken)
        return taken

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._lease_s / 3)
            if self._in_hand:
                renewal = self._backlog.put_off(list(self._in_hand), for_s=self._lease_s)
                await _asked(renewal, None)


async def _asked(question: Awaitable[T], otherwise: T) -> T:
    """The answer; without Redis nothing is lost, for a lease that ends makes a post due again."""
    try:
        return await question
    except (RedisError, OSError) as error:
        logger.warning("the backlog does not answer: %s", error)
        return otherwise
