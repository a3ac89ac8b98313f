"""The collections of crawls: validators and named indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import ASCENDING, DESCENDING, IndexModel

from crawler.items import Kind
from crawler.jobs.crawl import CrawlState, TargetState
from crawler.jobs.records import Lane
from crawler.links import TargetType
from services import mongodb
from services.schemas import (
    collection,
    count,
    listing,
    moment,
    number,
    one_of,
    part,
    text,
    truth,
)

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

CRAWL_JOBS = "crawl_jobs"
CRAWL_TARGETS = "crawl_targets"
CRAWL_ITEMS = "crawl_items"

SCHEMAS = {
    CRAWL_JOBS: collection(
        "A crawl: what was asked for at once, and how far it is.",
        ["owner", "state", "lane", "created_at", "options", "counts", "attempts"],
        owner=text(
            "The account that pays; null for the operator's own, which is free.", nullable=True
        ),
        state=one_of(CrawlState, "How far it is."),
        lane=one_of(Lane, "Whether somebody waits for it (demand) or not (bulk)."),
        created_at=moment("When it was asked for."),
        started_at=moment("When its first target began.", nullable=True),
        finished_at=moment("When its last target ended.", nullable=True),
        options=part("What holds for all of its targets."),
        schedule=text("The schedule that made it.", nullable=True),
        counts=part(
            "How many targets and items there are.",
            targets=count("Its targets."),
            succeeded=count("Those that succeeded."),
            failed=count("Those that failed."),
            cancelled=count("Those that were cancelled."),
            items=count("Items delivered, each once."),
        ),
        stop_reason=text(
            "Why it stopped before all was done: cancelled, quota or errors.", nullable=True
        ),
        stopped_at=moment("When somebody cancelled it.", nullable=True),
        verdicts=part("How many targets ended in which way: stored, a reason, a list's end."),
        stats=part("What the workers counted for it, by the names of Scrapy's stats."),
        rate=number("Targets ended in a second, lately; null at its end.", nullable=True),
        eta_s=count("In how many seconds it ends at this rate.", nullable=True),
        attempts=count("How often it was begun: one more with each retry."),
        webhook_state=text("How far the last delivery to its webhook is.", nullable=True),
        coverage=part("The share of its posts that has each field.", nullable=True),
        falls=listing("Fields that far fewer posts have than in the run before."),
    ),
    CRAWL_TARGETS: collection(
        "A target of a crawl, and what it came to.",
        ["crawl", "number", "type", "value", "key", "flight", "state", "attempts"],
        crawl=text("The crawl."),
        number=count("Its place among the crawl's targets, from 1."),
        type=one_of(TargetType, "What kind of target it is."),
        value=text("Its id, name, code or query."),
        username=text("The author's handle, when the link named it.", nullable=True),
        key=text("Type and value together, such as user:mara.bakes07."),
        flight=text("What it has in common with targets that are crawled with it, once."),
        leader=text("The target whose outcome it gets as well.", nullable=True),
        state=one_of(TargetState, "How far it is."),
        reason=text("Why it failed or was cancelled.", nullable=True),
        stop_reason=text("How its list ended.", nullable=True),
        collected=count("How many items its list delivered.", nullable=True),
        reported_total=count("How many the page says there are.", nullable=True),
        complete=truth("Whether the list ended by itself, with no fewer.", nullable=True),
        video_id=text("The post that it led to.", nullable=True),
        message=text("What TikTok or a failing part said itself.", nullable=True),
        is_cached=truth("Whether it was delivered from the store."),
        started_at=moment("When it was fed to the queue.", nullable=True),
        finished_at=moment("When its outcome was entered.", nullable=True),
        attempts=count("How often it was fed to the queue."),
    ),
    CRAWL_ITEMS: collection(
        "An item that a crawl delivered, once.",
        ["crawl", "sequence", "kind", "item", "target", "targets", "delivered_at"],
        crawl=text("The crawl."),
        sequence=count("Its place among the crawl's items, from 1, without gaps."),
        kind=one_of(Kind, "What it is."),
        item=text("The id of its document."),
        target=count("The number of the target that delivered it first."),
        targets=listing("The numbers of all targets that led to it."),
        delivered_at=moment("When it was delivered, and charged."),
    ),
}
_ACTIVE = {"state": {"$in": [CrawlState.QUEUED.value, CrawlState.RUNNING.value]}}
_FLYING = {"state": TargetState.QUEUED.value}
INDEXES = {
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
    await mongodb.prepare(database, SCHEMAS, INDEXES)
