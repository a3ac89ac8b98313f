"""The collections of accounts: validators and named indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import ASCENDING, DESCENDING, IndexModel

from services import mongodb
from services.schemas import collection, count, listing, moment, one_of, part, text
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

ERASED = ""
"""What counts of a video have in place of its id once it was erased."""


SCHEMAS = {
    ACCOUNTS: collection(
        "Who may call, and on which plan.",
        ["email", "plan", "status", "created_at"],
        email=text("E-mail address, lower-case; the id of an account of RapidAPI; unique."),
        plan=one_of(PlanName, "The plan."),
        subscribed=one_of(PlanName, "The plan of its subscription at RapidAPI; only there."),
        status={**text("Suspended accounts get 403."), "enum": ["active", "suspended"]},
        created_at=moment("When it was made; billing periods start on this day."),
        last_request_at=moment("When it was last charged or failed; told with a delay."),
        keys_issued=count("How many keys it was ever issued."),
    ),
    KEYS: collection(
        "API keys, of which only a digest is kept.",
        ["account_id", "digest", "hint", "created_at"],
        account_id=text("The account it spends from."),
        digest=text("SHA-256 of the key, hexadecimal; unique."),
        hint=text("The key's first characters, to tell it from others."),
        label=text("What the owner calls it.", nullable=True),
        created_at=moment("When it was issued."),
        expires_at=moment("When it stops working; null for never.", nullable=True),
        revoked_at=moment("When it was revoked; null while it works.", nullable=True),
        last_used_at=moment("When it last paid for an answer or failed to get one."),
        allow=listing("Networks it may be used from; empty for all."),
        replaced_by=text(
            "Id of the key that it was rotated to; null if it was not.", nullable=True
        ),
    ),
    AUDIT: collection(
        "Changes of accounts and keys, and erasures of TikTok's users.",
        ["at", "who", "what", "account_id", "before", "after"],
        at=moment("When it was done."),
        who=text(
            "cli, admin, rapidapi, system for the service itself, or the id of the key that asked."
        ),
        what=text("What was done."),
        account_id=text("The account that it was done to; empty when it was done to none."),
        key_id=text("The key, if it was done to one.", nullable=True),
        before=part("What changed, as it was."),
        after=part("What changed, as it is since."),
        request_id=text("The request that did it.", nullable=True),
        untold=text("What Redis is to forget; absent once it is known to have done so."),
    ),
    USAGE_DAYS: collection(
        "What an account used on a day (UTC).",
        ["account_id", "date"],
        account_id=text("The account."),
        date=text("YYYY-MM-DD."),
        total=count("Extractions and items answered 200, 404 or 5xx."),
        successful=count("Those answered 200."),
        failed=count("The rest."),
        cached=count("Those answered without a crawl."),
        charged=count("What counts towards the month."),
        items=count("Those of them that are items delivered by crawls."),
        elapsed_ms=count("Sum of their times, in milliseconds."),
        last_request_at=moment("When the last of them was settled."),
    ),
    USAGE_NEWS: collection(
        "What is not yet counted by video and key, for an account and a day (UTC).",
        ["account_id", "date", "videos", "keys"],
        account_id=text("The account."),
        date=text("YYYY-MM-DD."),
        videos=listing("For each video its id, how often, and when last (unix milliseconds)."),
        keys=listing("For each key its id, and when it was last used (unix milliseconds)."),
    ),
    USAGE_VIDEOS: collection(
        "How often an account asked for a video in a window of time.",
        ["account_id", "window", "video_id", "requests", "last_requested"],
        account_id=text("The account."),
        window=text("day:YYYY-MM-DD, period:YYYY-MM-DD of its first day, or all."),
        video_id=text("The video; empty for all that were erased, together."),
        requests=count("How often."),
        last_requested=moment("The last time."),
    ),
}
INDEXES = {
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
    await mongodb.prepare(database, SCHEMAS | {USAGE_DRAINS: None}, INDEXES)
