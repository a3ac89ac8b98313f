"""What the ends of crawls owe to receivers: a delivery each, made in the same transaction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import orjson

from crawler.jobs.records import new_id
from crawler.jobs.webhooks.collections import DELIVERIES
from crawler.jobs.webhooks.states import DeliveryState

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

KEPT = timedelta(days=30)
"""How long a delivery and the log of its attempts are kept."""


class Webhooks:
    """The outbox: what is put here is sent by the scheduler, at least once."""

    def __init__(self, database: AsyncDatabase[Document], *, public_address: str) -> None:
        self._deliveries = database[DELIVERIES]
        self._public_address = public_address

    async def due(self, crawl: Document, session: AsyncClientSession) -> None:
        """Owe a delivery for a crawl that has just ended, if it has a webhook.

        ``crawl`` is its record as it stands after the end. To be called in the transaction that
        ends it: then there is an end with its delivery, or neither.

        Raises:
            PyMongoError: the transaction is to be aborted.
        """
        url = crawl["options"].get("webhook")
        if url is None:
            return
        now = datetime.now(UTC)
        kind = f"crawl.{crawl['state']}"
        link = f"{self._public_address}/api/v1/crawls/{crawl['_id']}"
        document = {
            "_id": new_id("msg"),
            "owner": crawl["owner"],
            "crawl": crawl["_id"],
            "endpoint": endpoint_id(crawl["owner"], url),
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


def endpoint_id(owner: str | None, url: str) -> str:
    """The id of what an owner's webhooks to one address have in common."""
    digest = blake2b(f"{owner or ''}\n{url}".encode(), digest_size=10)
    return f"whe_{digest.hexdigest()}"


def _body(kind: str, crawl: Document, link: str, now: datetime) -> str:
    """The message, byte for byte as it is signed and sent each time."""
    data: dict[str, Any] = {
        "id": crawl["_id"],
        "state": crawl["state"],
        "stop_reason": crawl.get("stop_reason"),
        "counts": crawl["counts"],
        "labels": list(crawl["options"].get("labels") or ()),
        "schedule": crawl.get("schedule"),
        "link": link,
    }
    ended_at = crawl.get("finished_at") or now
    message = {"type": kind, "timestamp": ended_at.replace(microsecond=0), "data": data}
    return orjson.dumps(message, option=orjson.OPT_UTC_Z).decode()
