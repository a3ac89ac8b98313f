"""The collections of webhooks: validators and named indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from crawler.jobs.webhooks.states import DeliveryState
from services import mongodb

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

SECRETS = "webhook_secrets"
ENDPOINTS = "webhook_endpoints"
DELIVERIES = "webhook_deliveries"

_TEXT = {"bsonType": "string"}
_MAYBE_TEXT = {"bsonType": ["string", "null"]}
_WHOLE = {"bsonType": ["int", "long"], "minimum": 0}
_DATE = {"bsonType": "date"}
_MAYBE_DATE = {"bsonType": ["date", "null"]}


def _schema(required: list[str], **properties: dict[str, Any]) -> dict[str, Any]:
    return {"bsonType": "object", "required": ["_id", *required], "properties": properties}


_SCHEMAS = {
    SECRETS: _schema(
        ["sealed", "created_at"],
        sealed={"bsonType": "binData"},
        created_at=_DATE,
        previous={"bsonType": ["binData", "null"]},
        previous_until=_MAYBE_DATE,
    ),
    ENDPOINTS: _schema(
        ["owner", "url", "first_at"],
        owner=_MAYBE_TEXT,
        url=_TEXT,
        first_at=_DATE,
        last_success_at=_MAYBE_DATE,
        last_failure_at=_MAYBE_DATE,
        failing_since=_MAYBE_DATE,
        off_since=_MAYBE_DATE,
        off_reason=_MAYBE_TEXT,
    ),
    DELIVERIES: _schema(
        ["owner", "crawl", "endpoint", "url", "type", "body", "state", "tries", "attempts"],
        owner=_MAYBE_TEXT,
        crawl=_TEXT,
        endpoint=_TEXT,
        url=_TEXT,
        type=_TEXT,
        body=_TEXT,
        state={"enum": [state.value for state in DeliveryState]},
        created_at=_DATE,
        next_at=_MAYBE_DATE,
        ended_at=_MAYBE_DATE,
        lease=_MAYBE_TEXT,
        tries=_WHOLE,
        attempts={"bsonType": "array"},
        expire_at=_DATE,
    ),
}
_INDEXES = {
    ENDPOINTS: [
        IndexModel(
            [("owner", ASCENDING), ("first_at", DESCENDING), ("_id", DESCENDING)],
            name="newest_of_owner",
        )
    ],
    DELIVERIES: [
        IndexModel(
            [("crawl", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
            name="newest_of_crawl",
        ),
        IndexModel(
            [("next_at", ASCENDING)],
            name="due",
            partialFilterExpression={"state": DeliveryState.WAITING.value},
        ),
        IndexModel([("expire_at", ASCENDING)], name="expiry", expireAfterSeconds=0),
    ],
}


async def prepare(database: AsyncDatabase[Document]) -> None:
    """Make or update every collection; several processes may do this at once."""
    await mongodb.prepare(database, _SCHEMAS, _INDEXES)
