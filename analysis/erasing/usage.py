"""Usage of a user's posts: accounts keep their counts, which lose the posts' ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accounts.collections import ERASED, USAGE_VIDEOS
from accounts.usage import Drainer
from analysis.erasing.subject import chunks

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from analysis.erasing.subject import Subject
    from services.mongodb import Document


async def blank_usage(database: AsyncDatabase[Document], redis: Redis, subject: Subject) -> int:
    """Add counts of their posts to those of all that were erased, account by account."""
    drainer = Drainer(redis, database)
    await drainer.drain()
    await drainer.compact()
    count = 0
    for chunk in chunks(subject.video_ids):
        found = database[USAGE_VIDEOS].find({"video_id": {"$in": chunk}})
        async for row in found:
            await _add(database, row)
            count += 1
    return count


async def _add(database: AsyncDatabase[Document], row: dict[str, Any]) -> None:
    rows = database[USAGE_VIDEOS]
    account_id, window = row["account_id"], row["window"]

    async def write(session: AsyncClientSession) -> None:
        # Read here, for the count may have grown since.
        gone = await rows.find_one_and_delete({"_id": row["_id"]}, session=session)
        if gone is None:
            return
        await rows.update_one(
            {"_id": f"{account_id}:{window}:{ERASED}"},
            {
                "$inc": {"requests": gone["requests"]},
                "$max": {"last_requested": gone["last_requested"]},
                "$setOnInsert": {"account_id": account_id, "window": window, "video_id": ERASED},
            },
            upsert=True,
            session=session,
        )

    async with database.client.start_session() as session:
        await session.with_transaction(write)
