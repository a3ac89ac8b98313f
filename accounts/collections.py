"""The collections of accounts: validators and named indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from services import mongodb
from settings.plans import PlanName

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

ACCOUNTS = "accounts"
KEYS = "keys"
AUDIT = "audit"
USAGE_DAYS = "usage_days"
USAGE_NEWS = "usage_news"
USAGE_VIDEOS = "usage_videos"
USAGE_DRAINS = "usage_drains"


def _schema(description: str, required: list[str], **properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "bsonType": "object",
        "description": description,
        "required": ["_id", *required],
        "properties": properties,
    }


def _text(description: str) -> dict[str, Any]:
    return {"bsonType": "string", "description": description}


def _moment(description: str, *, nullable: bool = False) -> dict[str, Any]:
    return {"bsonType": ["date", "null"] if nullable else "date", "description": description}


def _count(description: str) -> dict[str, Any]:
    return {"bsonType": ["int", "long"], "minimum": 0, "description": description}


def _list(description: str) -> dict[str, Any]:
    return {"bsonType": "array", "description": description}


_SCHEMAS = {
    ACCOUNTS: _schema(
        "Who may call, and on which plan.",
        ["email", "plan", "status", "created_at"],
        email=_text("E-mail address, lower-case; the id of an account of RapidAPI; unique."),
        plan={"enum": [plan.value for plan in PlanName], "description": "The plan."},
        subscribed={
            "enum": [plan.value for plan in PlanName],
            "description": "The plan of its subscription at RapidAPI; only there.",
        },
        status={"enum": ["active", "suspended"], "description": "Suspended accounts get 403."},
        created_at=_moment("When it was made; billing periods start on this day."),
        last_request_at=_moment("When it was last charged or failed; told with a delay."),
        keys_issued=_count("How many keys it was ever issued."),
    ),
    KEYS: _schema(
        "API keys, of which only a digest is kept.",
        ["account_id", "digest", "hint", "created_at"],
        account_id=_text("The account it spends from."),
        digest=_text("SHA-256 of the key, hexadecimal; unique."),
        hint=_text("The key's first characters, to tell it from others."),
        label={"bsonType": ["string", "null"], "description": "What the owner calls it."},
        created_at=_moment("When it was issued."),
        expires_at=_moment("When it stops working; null for never.", nullable=True),
        revoked_at=_moment("When it was revoked; null while it works.", nullable=True),
        last_used_at=_moment("When it last paid for an answer or failed to get one."),
        allow=_list("Networks it may be used from; empty for all."),
        replaced_by={
            "bsonType": ["string", "null"],
            "description": "Id of the key that it was rotated to; null if it was not.",
        },
    ),
    AUDIT: _schema(
        "Changes of accounts and keys.",
        ["at", "who", "what", "account_id", "before", "after"],
        at=_moment("When it was done."),
        who=_text(
            "cli, admin, rapidapi, system for the service itself, or the id of the key that asked."
        ),
        what=_text("What was done."),
        account_id=_text("The account that it was done to."),
        key_id={"bsonType": ["string", "null"], "description": "The key, if it was done to one."},
        before={"bsonType": "object", "description": "What changed, as it was."},
        after={"bsonType": "object", "description": "What changed, as it is since."},
        request_id={"bsonType": ["string", "null"], "description": "The request that did it."},
        untold=_text("What Redis is to forget; absent once it is known to have done so."),
    ),
    USAGE_DAYS: _schema(
        "What an account used on a day (UTC).",
        ["account_id", "date"],
        account_id=_text("The account."),
        date=_text("YYYY-MM-DD."),
        total=_count("Extractions and items answered 200, 404 or 5xx."),
        successful=_count("Those answered 200."),
        failed=_count("The rest."),
        cached=_count("Those answered without a crawl."),
        charged=_count("What counts towards the month."),
        items=_count("Those of them that are items delivered by crawls."),
        elapsed_ms=_count("Sum of their times, in milliseconds."),
        last_request_at=_moment("When the last of them was settled."),
    ),
    USAGE_NEWS: _schema(
        "What is not yet counted by video and key, for an account and a day (UTC).",
        ["account_id", "date", "videos", "keys"],
        account_id=_text("The account."),
        date=_text("YYYY-MM-DD."),
        videos=_list("For each video its id, how often, and when last (unix milliseconds)."),
        keys=_list("For each key its id, and when it was last used (unix milliseconds)."),
    ),
    USAGE_VIDEOS: _schema(
        "How often an account asked for a video in a window of time.",
        ["account_id", "window", "video_id", "requests", "last_requested"],
        account_id=_text("The account."),
        window=_text("day:YYYY-MM-DD, period:YYYY-MM-DD of its first day, or all."),
        video_id=_text("The video."),
        requests=_count("How often."),
        last_requested=_moment("The last time."),
    ),
}
_INDEXES = {
    ACCOUNTS: [
        IndexModel([("email", ASCENDING)], name="email", unique=True),
        IndexModel([("created_at", DESCENDING), ("_id", DESCENDING)], name="newest"),
    ],
    AUDIT: [
        IndexModel(
            [("account_id", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)], name="of_account"
        ),
        IndexModel([("at", DESCENDING), ("_id", DESCENDING)], name="newest"),
        IndexModel(
            [("untold", ASCENDING)],
            name="untold",
            partialFilterExpression={"untold": {"$exists": True}},
        ),
    ],
    KEYS: [
        IndexModel([("digest", ASCENDING)], name="digest", unique=True),
        IndexModel([("account_id", ASCENDING), ("created_at", ASCENDING)], name="of_account"),
    ],
    USAGE_DAYS: [
        IndexModel([("account_id", ASCENDING), ("date", ASCENDING)], name="days_of_account")
    ],
    USAGE_NEWS: [IndexModel([("account_id", ASCENDING)], name="news_of_account")],
    USAGE_VIDEOS: [
        IndexModel(
            [
                *(("account_id", ASCENDING), ("window", ASCENDING)),
                *(("requests", DESCENDING), ("last_requested", DESCENDING)),
            ],
            name="top_of_account",
        )
    ],
}


async def prepare(database: AsyncDatabase[Document]) -> None:
    """Make or update every collection; several processes may do this at once."""
    await mongodb.prepare(database, _SCHEMAS | {USAGE_DRAINS: None}, _INDEXES)
