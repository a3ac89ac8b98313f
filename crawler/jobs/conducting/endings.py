"""Ending crawls: their state, what is known of them as a whole, and the webhook that is due."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo import ReturnDocument

from crawler.jobs.collections import CRAWL_JOBS
from crawler.jobs.conducting.coverage import Coverage
from crawler.jobs.conducting.ends import CANCELLED, state_of
from crawler.jobs.crawl import Crawl, CrawlState

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.jobs.conducting.running import Running
    from crawler.jobs.lease import Fence
    from crawler.jobs.webhooks.webhooks import Webhooks
    from services.mongodb import Document

logger = logging.getLogger(__name__)

_ACTIVE = [CrawlState.QUEUED.value, CrawlState.RUNNING.value]


class Endings:
    """Ends crawls whose targets have all ended."""

    def __init__(self, database: AsyncDatabase[Document], fence: Fence, webhooks: Webhooks) -> None:
        self._jobs = database[CRAWL_JOBS]
        self._coverage = Coverage(database)
        self._fence = fence
        self._webhooks = webhooks

    async def end(self, running: Running) -> Crawl | None:
        """End a crawl and answer it as it stands then; None when it had ended already.

        Raises:
            OvertakenError: another conductor is active.
            PyMongoError: it is not ended, or it is not known.
        """
        coverage = await self._coverage.of(running)
        falls = await self._coverage.falls(running, coverage) if coverage else []
        now = datetime.now(UTC)
        ended: dict[str, Any] = {
            "state": state_of(running).value,
            "started_at": running.started_at or now,
            "finished_at": now,
            "stop_reason": _stop_reason(running),
            "rate": None,
            "eta_s": None,
            "coverage": coverage,
            "falls": falls,
        }

        async def write(session: AsyncClientSession) -> Crawl | None:
            document = await self._jobs.find_one_and_update(
                {"_id": running.id, "state": {"$in": _ACTIVE}},
                {"$set": ended},
                session=session,
                return_document=ReturnDocument.AFTER,
            )
            if document is None:
                return None
            crawl = Crawl.of(document)
            await self._webhooks.due(crawl, session)
            return crawl

        crawl = await self._fence.write(write)
        if crawl is not None:
            logger.info(
                "%s %s: %d of %d targets, %d items",
                *(crawl.id, crawl.state.value, crawl.counts.succeeded, crawl.counts.targets),
                crawl.counts.items,
            )
        return crawl


def _stop_reason(running: Running) -> str | None:
    """Why it stopped early; not at all when every target had ended before it was cancelled."""
    return None if running.stop == CANCELLED and not running.cancelled else running.stop
