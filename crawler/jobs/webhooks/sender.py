"""The sender: takes what is due from the outbox and posts it, until it arrives or is given up.

Any number of senders may run. Each delivery is with one of them at a time, under a lease; that of a
sender which died lapses, and another sends the message again, with the same id.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import secrets
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pymongo import ReturnDocument
from pymongo.errors import PyMongoError
from yarl import URL

from crawler.jobs.collections import CRAWL_JOBS
from crawler.jobs.webhooks.collections import DELIVERIES
from crawler.jobs.webhooks.delivery import Delivery
from crawler.jobs.webhooks.endpoints import Endpoints
from crawler.jobs.webhooks.posting import Attempt
from crawler.jobs.webhooks.secrets import SecretUnreadableError
from crawler.jobs.webhooks.states import DeliveryState, Failure
from services.tasks import background

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.jobs.webhooks.posting import Poster
    from crawler.jobs.webhooks.secrets import Secrets
    from services.mongodb import Document

logger = logging.getLogger(__name__)

DELAYS_S = (5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
"""How long after a failure the next attempt follows, as Standard Webhooks proposes: ten attempts
in three days."""
LEASE_S = 60.0
"""Longer than an attempt can take."""
POLL_S = 1.0
DRAIN_S = 20.0
_AT_ONCE = 32
_AT_ONCE_PER_ENDPOINT = 4
"""A receiver that hangs holds up no other."""
_JITTER = 0.2
_KEPT_ATTEMPTS = 50
_GONE = 410


class Sender:
    """Sends for one process."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        secrets: Secrets,
        poster: Poster,
        *,
        poll_s: float = POLL_S,
        lease_s: float = LEASE_S,
    ) -> None:
        self._deliveries = database[DELIVERIES]
        self._crawls = database[CRAWL_JOBS]
        self._endpoints = Endpoints(database)
        self._secrets = secrets
        self._poster = poster
        self._poll_s = poll_s
        self._lease = timedelta(seconds=lease_s)
        self._running: dict[asyncio.Task[None], str] = {}

    @contextlib.asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Send for as long as this context is entered; then finish what is in hand."""
        try:
            async with background(self._send_for_ever(), name="webhooks"):
                yield
        finally:
            if self._running:
                await asyncio.wait(self._running, timeout=DRAIN_S)
            for one in self._running:
                one.cancel()

    async def send_due(self) -> int:
        """Begin to send what is due, as far as there is room, and say how many were begun.

        Raises:
            PyMongoError: MongoDB does not answer.
        """
        begun = 0
        while len(self._running) < _AT_ONCE:
            delivery = await self._take()
            if delivery is None:
                break
            task = asyncio.create_task(self._send_safely(delivery))
            self._running[task] = delivery.endpoint
            task.add_done_callback(self._running.pop)
            begun += 1
        return begun

    async def finish(self) -> None:
        """Wait until nothing is in hand."""
        while self._running:
            await asyncio.wait(self._running)

    async def _send_for_ever(self) -> None:
        is_heard = True
        while True:
            try:
                await self.send_due()
                is_heard = True
            except (PyMongoError, OSError) as error:
                if is_heard:
                    logger.warning("webhooks wait, for MongoDB does not answer: %s", error)
                is_heard = False
            await self._pause()

    async def _pause(self) -> None:
        if self._running:
            await asyncio.wait(
                self._running, timeout=self._poll_s, return_when=asyncio.FIRST_COMPLETED
            )
        else:
            await asyncio.sleep(self._poll_s)

    async def _take(self) -> Delivery | None:
        """The delivery that has been due the longest, which is with this sender now."""
        now = datetime.now(UTC)
        counts = Counter(self._running.values())
        busy = [one for one, count in counts.items() if count >= _AT_ONCE_PER_ENDPOINT]
        found = await self._deliveries.find_one_and_update(
            {
                "state": DeliveryState.WAITING.value,
                "next_at": {"$lte": now},
                **({"endpoint": {"$nin": busy}} if busy else {}),
            },
            {
                "$set": {"next_at": now + self._lease, "lease": secrets.token_hex(8)},
                "$inc": {"tries": 1},
            },
            sort=[("next_at", 1)],
            return_document=ReturnDocument.AFTER,
        )
        return Delivery.of(found) if found else None

    async def _send_safely(self, delivery: Delivery) -> None:
        """Send; what is not settled is sent again when the lease has lapsed."""
        try:
            await self._send(delivery)
        except (PyMongoError, OSError) as error:
            logger.warning("webhook %s is sent again: %s", delivery.id, error)
        except Exception:
            logger.exception("webhook %s failed by our own fault", delivery.id)

    async def _send(self, delivery: Delivery) -> None:
        if await self._endpoints.is_off(delivery.endpoint):
            await self._end(delivery, DeliveryState.SWITCHED_OFF)
            return
        attempt = await self._attempt(delivery)
        if attempt.error is None:
            await self._end(delivery, DeliveryState.DELIVERED, attempt)
            await self._endpoints.succeeded(delivery.owner, delivery.url)
        elif await self._switches_off(delivery, attempt):
            await self._end(delivery, DeliveryState.SWITCHED_OFF, attempt)
        elif delivery.tries > len(DELAYS_S):
            await self._end(delivery, DeliveryState.FAILED, attempt)
        else:
            await self._put_off(delivery, attempt)

    async def _attempt(self, delivery: Delivery) -> Attempt:
        try:
            secret = await self._secrets.get(delivery.owner)
        except SecretUnreadableError:
            return Attempt(at=datetime.now(UTC), duration_ms=0, error=Failure.UNSIGNED)
        return await self._poster.post(
            delivery.url, delivery.body, message_id=delivery.id, secrets=secret.all
        )

    async def _switches_off(self, delivery: Delivery, attempt: Attempt) -> bool:
        """Note the failure, unless it is our own; True when the endpoint is off by now."""
        if attempt.error is Failure.UNSIGNED:
            return False
        is_gone = attempt.status == _GONE
        if await self._endpoints.failed(delivery.owner, delivery.url, is_gone=is_gone):
            logger.warning(
                "webhooks of %s to %s are switched off: %s",
                delivery.owner or "the operator",
                URL(delivery.url).host,
                "it answered 410" if is_gone else "nothing has arrived for days",
            )
            return True
        return is_gone

    async def _end(
        self, delivery: Delivery, state: DeliveryState, attempt: Attempt | None = None
    ) -> None:
        end = {"state": state.value, "next_at": None, "ended_at": datetime.now(UTC)}
        await self._settle(delivery, end, attempt)

    async def _put_off(self, delivery: Delivery, attempt: Attempt) -> None:
        wait_s = DELAYS_S[delivery.tries - 1] * random.uniform(1, 1 + _JITTER)  # noqa: S311
        wait_s = max(wait_s, attempt.retry_after_s or 0)
        next_at = datetime.now(UTC) + timedelta(seconds=wait_s)
        await self._settle(delivery, {"next_at": next_at}, attempt)

    async def _settle(
        self, delivery: Delivery, change: dict[str, Any], attempt: Attempt | None
    ) -> None:
        """Write what came of it, unless the lease has lapsed and another sender has it."""
        update: dict[str, Any] = {"$set": {**change, "lease": None}}
        if attempt is not None:
            update["$push"] = {"attempts": {"$each": [_logged(attempt)], "$slice": -_KEPT_ATTEMPTS}}
        query = {"_id": delivery.id, "lease": delivery.lease}
        if (await self._deliveries.update_one(query, update)).matched_count:
            state = change.get("state", DeliveryState.WAITING.value)
            await self._crawls.update_one(
                {"_id": delivery.crawl}, {"$set": {"webhook_state": state}}
            )


def _logged(attempt: Attempt) -> dict[str, Any]:
    return {
        "at": attempt.at,
        "status": attempt.status,
        "error": attempt.error.value if attempt.error else None,
        "duration_ms": attempt.duration_ms,
        "response": attempt.response,
    }
