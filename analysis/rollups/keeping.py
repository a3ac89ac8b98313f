"""Keeping the roll-ups up to date in the scheduler's process; of several one does."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from time import monotonic
from typing import TYPE_CHECKING

from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

import pipelines.collections
from analysis.rollups import collections
from analysis.rollups.rolling import take_up
from crawler.jobs.lease import RENEW_S, Lease
from services.tasks import background, ended

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from analysis.rollups.rolling import Rolled
    from services.mongodb import Document

logger = logging.getLogger(__name__)

ROLLER = "rollups"
"""The name of the lease."""
PAUSE_S = 60.0
_SHARE = 10
"""After a run it rests this many times as long, if that is longer: crawls go before."""
_DRAIN_S = 5.0


class Roller:
    """Takes up again and again what was stored since the last time.

    The lease only saves work: two runs at once leave what one would have left.
    """

    def __init__(
        self, database: AsyncDatabase[Document], lease: Lease, *, pause_s: float = PAUSE_S
    ) -> None:
        self._database = database
        self._lease = lease
        self._pause_s = pause_s
        self._is_ending = asyncio.Event()
        self._is_prepared = False

    @contextlib.asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        """Keep them up to date for as long as this context is entered."""
        work = self._keep_for_ever()
        try:
            async with background(work, name=ROLLER, ending=self._is_ending, drain_s=_DRAIN_S):
                yield
        finally:
            with contextlib.suppress(RedisError, OSError):
                await self._lease.let_go()

    async def keep(self) -> Rolled | None:
        """Take up what came, unless another process does.

        Raises:
            PyMongoError, RedisError: a database does not answer; nothing is lost.
        """
        if not await self._lease.take():
            return None
        if not self._is_prepared:
            await pipelines.collections.prepare(self._database)
            await collections.prepare(self._database)
            self._is_prepared = True
        run = asyncio.create_task(take_up(self._database))
        try:
            while not run.done():
                await asyncio.wait([run], timeout=RENEW_S)
                await self._lease.take()
            return await run
        finally:
            with contextlib.suppress(PyMongoError):
                await ended(run)

    async def _keep_for_ever(self) -> None:
        is_heard = True
        while not self._is_ending.is_set():
            began = monotonic()
            try:
                await self.keep()
                is_heard = True
            except (PyMongoError, RedisError, OSError) as error:
                if is_heard:
                    logger.warning("roll-ups wait: %s", error)
                is_heard = False
            except Exception:
                logger.exception("roll-ups failed by our own fault")
            pause_s = max(self._pause_s, _SHARE * (monotonic() - began))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_ending.wait(), pause_s)


def keep_rolled_up(
    database: AsyncDatabase[Document], redis: Redis
) -> AbstractAsyncContextManager[None]:
    """What the scheduler's process does beside its own work."""
    return Roller(database, Lease(redis, ROLLER)).keeping()
