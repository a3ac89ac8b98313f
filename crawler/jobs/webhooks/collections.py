"""The collections of webhooks: validators and named indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import ASCENDING, DESCENDING, IndexModel

from crawler.jobs.webhooks.states import DeliveryState
from services import mongodb
from services.schemas import binary, collection, count, listing, moment, one_of, text

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

SECRETS = "webhook_secrets"
ENDPOINTS = "webhook_endpoints"
DELIVERIES = "webhook_deliveries"

SCHEMAS = {
    SECRETS: collection(
        "What an account's webhooks are signed with.",
        ["sealed", "created_at"],
        sealed=binary("The secret, encrypted with SECRET_KEY."),
        created_at=moment("When it was made."),
        previous=binary("The one before, while it is valid too.", nullable=True),
        previous_until=moment("How long that is.", nullable=True),
    ),
    ENDPOINTS: collection(
        "An address that webhooks are sent to.",
        ["owner", "url", "first_at"],
        owner=text("The account; null for the operator.", nullable=True),
        url=text("The address."),
        first_at=moment("When a crawl named it first."),
        last_success_at=moment("When it last took a delivery.", nullable=True),
        last_failure_at=moment("When one last failed.", nullable=True),
        failing_since=moment("Since when all have failed.", nullable=True),
        off_since=moment("Since when nothing is sent to it.", nullable=True),
        off_reason=text("Why it is switched off.", nullable=True),
    ),
    DELIVERIES: collection(
        "One message to an endpoint, with its attempts.",
        ["owner", "crawl", "endpoint", "url", "type", "body", "state", "tries", "attempts"],
        owner=text("The account; null for the operator.", nullable=True),
        crawl=text("The crawl that it tells of."),
        endpoint=text("The endpoint."),
        url=text("Its address when the message was made."),
        type=text("What it tells, such as crawl.succeeded."),
        body=text("What is sent, to the byte."),
        state=one_of(DeliveryState, "How far it is."),
        created_at=moment("When it was made."),
        next_at=moment("When it is tried next.", nullable=True),
        ended_at=moment("When it was delivered or given up.", nullable=True),
        lease=text("The sender that has it in hand.", nullable=True),
        tries=count("How often it was tried since it was last asked for."),
        attempts=listing("When each attempt was, its status or error, and how long it took."),
        expire_at=moment("When MongoDB deletes it."),
    ),
}
INDEXES = {
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
    await mongodb.prepare(database, SCHEMAS, INDEXES)
