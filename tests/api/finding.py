"""What a worker of tests finds: users, hashtags and sounds as their own pages show them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from crawler.items import Kind
from crawler.jobs.records import Outcome
from crawler.links import TargetType
from pipelines.documents.hashtag import Hashtag
from pipelines.documents.mongo import to_mongo
from pipelines.documents.music import Music
from pipelines.documents.user import User, UserStatistics

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.jobs.records import Job
    from services.mongodb import Document
    from tests.api.conftest import Worker

ENTITIES: dict[TargetType, tuple[Kind, Any]] = {
    TargetType.USER_HEADER: (
        Kind.USER,
        lambda **more: User(
            **{"id": "17", "username": "mara.bakes", "statistics": UserStatistics(followers=5)}
            | more
        ),
    ),
    TargetType.HASHTAG_HEADER: (
        Kind.HASHTAG,
        lambda **more: Hashtag(**{"id": "bread", "name": "Bread"} | more),
    ),
    TargetType.MUSIC_HEADER: (
        Kind.MUSIC,
        lambda **more: Music(**{"id": "68000", "title": "Knead"} | more),
    ),
}


async def put(
    database: AsyncDatabase[Document], kind: TargetType, *, age_s: float = 0, **more: Any
) -> str:
    """Store a thing as it was seen on its page; answers its id."""
    collection, make = ENTITIES[kind]
    observed_at = datetime.now(UTC) - timedelta(seconds=age_s)
    document = to_mongo(make(**{"layout": "desktop", "observed_at": observed_at} | more))
    stored = database[collection.collection]
    await stored.replace_one({"_id": document["_id"]}, document, upsert=True)
    return str(document["_id"])


async def find(worker: Worker, database: AsyncDatabase[Document], job: Job) -> Outcome:
    """The outcome of whatever page; a post's is published."""
    if job.target.type not in ENTITIES:
        return await worker.publish(job)
    return Outcome(key=job.target.key, item_id=await put(database, job.target.type))
