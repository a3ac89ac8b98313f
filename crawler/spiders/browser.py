"""The browser worker's spider: an endless run over the jobs that take a browser."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from crawler.browser.spider import HandedBackError, ListSpider
from crawler.spiders.jobs import JobsSpider

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from crawler.browser.found import Found
    from crawler.jobs.desk import Desk
    from crawler.jobs.lists import StopReason
    from crawler.jobs.records import Job

GRACE_S = 8.0
"""How long a list goes on when the worker is asked to end, before it is left to another."""
STORED_S = 5.0
"""How long its items are waited for then."""


class BrowserSpider(ListSpider, JobsSpider):
    """Reads each job's list; it ends once all of its items, and how it ended, are stored."""

    name = "browser"
    desk: Desk

    async def known(self, job: Job | None, found: Sequence[Found]) -> Collection[str]:
        """Which of these are stored already."""
        return await self.desk.known(found)

    async def stopped(self, job: Job | None) -> StopReason | None:
        """Why a list is to go no further.

        Raises:
            HandedBackError: the worker ends.
        """
        if self.intake.closing_for_s > GRACE_S:
            raise HandedBackError
        return await self.desk.stopped(job) if job is not None else None

    async def hand_back(self, meta: dict[str, Any]) -> None:
        """Put a list back on the queue as if it had not been tried."""
        job: Job = meta["job"]
        if job.underway is not None:
            async with asyncio.timeout(STORED_S):
                await job.underway.until_empty()
        self._count("tiktok/job/again", job)
        await self.intake.again(job)
