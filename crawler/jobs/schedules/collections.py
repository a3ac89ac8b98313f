"""The collections of schedules: validators and named indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from crawler.jobs.schedules.schedule import Missed, RunKind, RunState, ScheduleState
from services import mongodb

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

SCHEDULES = "schedules"
SCHEDULE_TARGETS = "schedule_targets"
SCHEDULE_RUNS = "schedule_runs"

_TEXT = {"bsonType": "string"}
_MAYBE_TEXT = {"bsonType": ["string", "null"]}
_WHOLE = {"bsonType": ["int", "long"], "minimum": 0}
_DATE = {"bsonType": "date"}
_MAYBE_DATE = {"bsonType": ["date", "null"]}


def _schema(required: list[str], **properties: dict[str, Any]) -> dict[str, Any]:
    return {"bsonType": "object", "required": ["_id", *required], "properties": properties}


_SCHEMAS = {
    SCHEDULES: _schema(
        ["owner", "state", "timezone", "missed", "options", "target_count", "revision", "next_at"],
        owner=_MAYBE_TEXT,
        name=_MAYBE_TEXT,
        state={"enum": [state.value for state in ScheduleState]},
        cron=_MAYBE_TEXT,
        timezone=_TEXT,
        every_s={"bsonType": ["int", "long", "null"], "minimum": 1},
        begin_at=_DATE,
        missed={"enum": [missed.value for missed in Missed]},
        grace_s=_WHOLE,
        options={"bsonType": "object"},
        target_count=_WHOLE,
        targets=_TEXT,
        revision=_WHOLE,
        created_at=_DATE,
        next_at=_MAYBE_DATE,
        pending={"bsonType": ["object", "null"]},
        last_crawl=_MAYBE_TEXT,
    ),
    SCHEDULE_TARGETS: _schema(["targets"], targets={"bsonType": "array"}, expire_at=_DATE),
    SCHEDULE_RUNS: _schema(
        ["schedule", "due_at", "begun_at", "kind", "state", "targets"],
        schedule=_TEXT,
        due_at=_DATE,
        begun_at=_DATE,
        kind={"enum": [kind.value for kind in RunKind]},
        state={"enum": [state.value for state in RunState]},
        reason=_MAYBE_TEXT,
        crawl=_MAYBE_TEXT,
        missed_since=_MAYBE_DATE,
        targets=_TEXT,
        expire_at=_DATE,
    ),
}
_INDEXES = {
    SCHEDULES: [
        IndexModel(
            [("owner", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
            name="newest_of_owner",
        ),
        IndexModel([("created_at", DESCENDING), ("_id", DESCENDING)], name="newest"),
        IndexModel([("next_at", ASCENDING)], name="due"),
        IndexModel(
            [("pending.taken_at", ASCENDING)],
            name="in_hand",
            partialFilterExpression={"pending.taken_at": {"$exists": True}},
        ),
    ],
    SCHEDULE_TARGETS: [IndexModel([("expire_at", ASCENDING)], name="expiry", expireAfterSeconds=0)],
    SCHEDULE_RUNS: [
        IndexModel(
            [("schedule", ASCENDING), ("due_at", DESCENDING), ("_id", DESCENDING)],
            name="newest_of_schedule",
        ),
        IndexModel([("expire_at", ASCENDING)], name="expiry", expireAfterSeconds=0),
    ],
}


async def prepare(database: AsyncDatabase[Document]) -> None:
    """Make or update every collection; several processes may do this at once."""
    await mongodb.prepare(database, _SCHEMAS, _INDEXES)
