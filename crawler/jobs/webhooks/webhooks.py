"""What the ends of crawls owe to receivers: a delivery each, made in the same transaction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from pymongo import ReturnDocument

from accounts.paging import Page, read_page
from crawler.jobs.records import new_id
from crawler.jobs.webhooks.collections import DELIVERIES
from crawler.jobs.webhooks.delivery import Delivery
from crawler.jobs.webhooks.endpoints import Endpoints, endpoint_id
from crawler.jobs.webhooks.states import DeliveryState

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.jobs.crawl import Crawl
    from services.mongodb import Document

KEPT = timedelta(days=30)
"""How long a delivery and the log of its attempts are kept."""


class UnknownDeliveryError(Exception):
    """The crawl has no such delivery."""


class DeliveryStateError(Exception):
    """The delivery is in a state in which it cannot be sent again; the text says why."""


class Webhooks:
    """The outbox: what is put here is sent by the scheduler, at least once."""

    def __init__(self, database: AsyncDatabase[Document], *, public_address: str) -> None:
        self._deliveries = database[DELIVERIES]
        self._endpoints = Endpoints(database)
        self._public_address = public_address

    async def due(self, crawl: Crawl, session: AsyncClientSession) -> None:
        """Owe a delivery for a crawl that has just ended, if it has a webhook.

        ``crawl`` is as it stands after the end. To be called in the transaction that ends it: then
        there is an end with its delivery, or neither.

        Raises:
            PyMongoError: the transaction is to be aborted.
        """
        url = crawl.options.webhook
        if url is None:
            return
        now = datetime.now(UTC)
        kind = f"crawl.{crawl.state}"
        link = f"{self._public_address}/api/v1/crawls/{crawl.id}"
        document: Document = {
            "_id": new_id("msg"),
            "owner": crawl.owner,
            "crawl": crawl.id,
            "endpoint": endpoint_id(crawl.owner, url),
            "url": url,
            "type": kind,
            "body": _body(kind, crawl, link, now),
            "state": DeliveryState.WAITING.value,
            "created_at": now,
            "next_at": now,
            "ended_at": None,
            "lease": None,
            "tries": 0,
            "attempts": [],
            "expire_at": now + KEPT,
        }
        await self._deliveries.insert_one(document, session=session)

    async def page(
        self, crawl_id: str, *, limit: int = 50, cursor: str | None = None
    ) -> Page[Delivery]:
        """The deliveries of a crawl, newest first.

        Raises:
            CursorError: ``cursor`` is none that an earlier page gave.
        """
        query = {"crawl": crawl_id}
        page = await read_page(self._deliveries, query, by="created_at", limit=limit, cursor=cursor)
        return page.of(Delivery.of)

    async def redeliver(self, crawl_id: str, delivery_id: str) -> Delivery:
        """Send a delivery again, now and then at the usual times until it arrives.

        Raises:
            UnknownDeliveryError: the crawl has none with this id.
            DeliveryStateError: it is being sent, or its endpoint is switched off.
        """
        query = {"_id": delivery_id, "crawl": crawl_id}
        found = await self._deliveries.find_one(query)
        if found is None:
            raise UnknownDeliveryError(delivery_id)
        if await self._endpoints.is_off(found["endpoint"]):
            raise DeliveryStateError(
                f"the webhook's endpoint {found['endpoint']} is switched off: switch it on first"
            )
        now = datetime.now(UTC)
        again = {
            "state": DeliveryState.WAITING.value,
            "next_at": now,
            "ended_at": None,
            "lease": None,
            "tries": 0,
            "expire_at": now + KEPT,
        }
        changed = await self._deliveries.find_one_and_update(
            {**query, "$or": [{"lease": None}, {"next_at": {"$lte": now}}]},
            {"$set": again},
            return_document=ReturnDocument.AFTER,
        )
        if changed is None:
            raise DeliveryStateError("the delivery is being sent at this moment")
        return Delivery.of(changed)


def _body(kind: str, crawl: Crawl, link: str, now: datetime) -> str:
    """The message, byte for byte as it is signed and sent each time."""
    data: dict[str, Any] = {
        "id": crawl.id,
        "state": crawl.state,
        "stop_reason": crawl.stop_reason,
        "counts": crawl.counts,
        "labels": crawl.options.labels,
        "schedule": crawl.schedule,
        "link": link,
    }
    ended_at = crawl.finished_at or now
    message = {"type": kind, "timestamp": ended_at.replace(microsecond=0), "data": data}
    return orjson.dumps(message, option=orjson.OPT_UTC_Z).decode()
