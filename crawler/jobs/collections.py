"""The collections of crawls: validators and named indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from crawler.items import Kind
from crawler.jobs.crawl import CrawlState, TargetState
from services import mongodb

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

CRAWL_JOBS = "crawl_jobs"
CRAWL_TARGETS = "crawl_targets"
CRAWL_ITEMS = "crawl_items"

_TEXT = {"bsonType": "string"}
_MAYBE_TEXT = {"bsonType": ["string", "null"]}
_WHOLE = {"bsonType": ["int", "long"], "minimum": 0}
_DATE = {"bsonType": "date"}
_MAYBE_DATE = {"bsonType": ["date", "null"]}


def _schema(required: list[str], **properties: dict[str, Any]) -> dict[str, Any]:
    return {"bsonType": "object", "required": ["_id", *required], "properties": properties}


_SCHEMAS = {
    CRAWL_JOBS: _schema(
        ["owner", "state", "lane", "created_at", "options", "counts", "attempts"],
        owner=_MAYBE_TEXT,
        state={"enum": [state.value for state in CrawlState]},
        lane=_TEXT,
        created_at=_DATE,
        started_at=_MAYBE_DATE,
        finished_at=_MAYBE_DATE,
        options={"bsonType": "object"},
        schedule=_MAYBE_TEXT,
        counts={
            "bsonType": "object",
            "properties": dict.fromkeys(
                ("targets", "succeeded", "failed", "cancelled", "items"), _WHOLE
            ),
        },
        stop_reason=_MAYBE_TEXT,
        attempts=_WHOLE,
    ),
    CRAWL_TARGETS: _schema(
        ["crawl", "number", "type", "value", "key", "flight", "state", "attempts"],
        crawl=_TEXT,
        number=_WHOLE,
        type=_TEXT,
        value=_TEXT,
        key=_TEXT,
        flight=_TEXT,
        state={"enum": [state.value for state in TargetState]},
        attempts=_WHOLE,
    ),
    CRAWL_ITEMS: _schema(
        ["crawl", "sequence", "kind", "item", "target", "targets", "delivered_at"],
        crawl=_TEXT,
        sequence=_WHOLE,
        kind={"enum": [kind.value for kind in Kind]},
        item=_TEXT,
        target=_WHOLE,
        targets={"bsonType": "array"},
        delivered_at=_DATE,
    ),
}
_ACTIVE = {"state": {"$in": [CrawlState.QUEUED.value, CrawlState.RUNNING.value]}}
_FLYING = {"state": TargetState.QUEUED.value}
_INDEXES = {
    CRAWL_JOBS: [
        IndexModel(
            [("owner", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
            name="newest_of_owner",
        ),
        IndexModel([("created_at", DESCENDING), ("_id", DESCENDING)], name="newest"),
        IndexModel(
            [("schedule", ASCENDING), ("created_at", DESCENDING)],
            name="newest_of_schedule",
            partialFilterExpression={"schedule": {"$type": "string"}},
        ),
        IndexModel([("state", ASCENDING)], name="active", partialFilterExpression=_ACTIVE),
    ],
    CRAWL_TARGETS: [
        IndexModel(
            [("crawl", ASCENDING), ("state", ASCENDING), ("number", ASCENDING)], name="by_state"
        ),
        IndexModel([("flight", ASCENDING)], name="flying", partialFilterExpression=_FLYING),
        IndexModel(
            [("leader", ASCENDING)],
            name="followers",
            partialFilterExpression={"leader": {"$type": "string"}},
        ),
    ],
    CRAWL_ITEMS: [
        IndexModel([("crawl", ASCENDING), ("sequence", ASCENDING)], name="in_sequence", unique=True)
    ],
}


async def prepare(database: AsyncDatabase[Document]) -> None:
    """Make or update every collection; several processes may do this at once."""
    await mongodb.prepare(database, _SCHEMAS, _INDEXES)
