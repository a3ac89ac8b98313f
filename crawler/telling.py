"""A worker tells of itself once a second: that it is there, and what Scrapy has counted."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from time import time
from typing import TYPE_CHECKING, Protocol

from redis.exceptions import RedisError

from crawler.jobs.workers import WorkerKind, WorkerState
from services.memory import resident_bytes
from services.tasks import background

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from scrapy.crawler import Crawler

    from crawler.jobs.workers import Workers

logger = logging.getLogger(__name__)

EACH_S = 1.0
_OURS = "tiktok/"
_OF_LOG = frozenset({"log_count/WARNING", "log_count/ERROR"})
_OF_PAGES = frozenset({"item_scraped_count", "response_received_count"})


class Source(Protocol):
    """Where a worker has its work from."""

    @property
    def in_hand(self) -> int:
        """How much it has taken and not ended."""

    @property
    def fetching(self) -> int:
        """How much of that is being fetched."""


class Teller:
    """Tells of one worker."""

    def __init__(
        self,
        workers: Workers,
        *,
        worker_id: str,
        kind: WorkerKind = WorkerKind.CRAWL,
        source: Source,
        crawler: Crawler,
        memory: Callable[[], int] = resident_bytes,
    ) -> None:
        self._workers = workers
        self._id = worker_id
        self._kind = kind
        self._source = source
        self._crawler = crawler
        self._memory = memory
        # What the archive fetches are no pages, and what it stores are no posts.
        self._of_scrapy = _OF_LOG if kind is WorkerKind.ARCHIVE else _OF_LOG | _OF_PAGES
        self._told: dict[str, int] = {}
        self._started_at = time()

    @contextlib.asynccontextmanager
    async def telling(self) -> AsyncIterator[None]:
        """Tell for as long as this context is entered, and take leave."""
        try:
            async with background(self._tell_for_ever(), name="tell"):
                yield
        finally:
            with contextlib.suppress(RedisError, OSError):
                await self.tell()
                await self._workers.leave(self._id)

    async def tell(self) -> None:
        """Tell once; what cannot be told now is told with the next time.

        Raises:
            RedisError: Redis does not answer.
        """
        counted = self._counted()
        increments = {
            name: count - self._told.get(name, 0)
            for name, count in counted.items()
            if count != self._told.get(name, 0)
        }
        await self._workers.tell(self._state(), increments)
        self._told = counted

    async def _tell_for_ever(self) -> None:
        is_heard = True
        while True:
            try:
                await self.tell()
                is_heard = True
            except (RedisError, OSError) as error:
                if is_heard:
                    logger.warning("what this worker counts is not told: %s", error)
                is_heard = False
            await asyncio.sleep(EACH_S)

    def _counted(self) -> dict[str, int]:
        try:
            stats = self._crawler.stats
        except RuntimeError:  # the crawl has not begun
            return {}
        return {
            name: count
            for name, count in (stats.get_stats() if stats is not None else {}).items()
            if isinstance(count, int) and (name.startswith(_OURS) or name in self._of_scrapy)
        }

    def _state(self) -> WorkerState:
        return WorkerState(
            id=self._id,
            host=socket.gethostname(),
            pid=os.getpid(),
            kind=self._kind,
            started_at=self._started_at,
            told_at=time(),
            memory_bytes=self._memory(),
            in_hand=self._source.in_hand,
            fetching=self._source.fetching,
        )
