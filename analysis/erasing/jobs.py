"""Crawls and schedules that named a user: their counts and places stay, what they named goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.erasing.subject import chunks
from crawler.items import Kind
from crawler.jobs.collections import CRAWL_ITEMS, CRAWL_TARGETS
from crawler.jobs.schedules.collections import SCHEDULE_TARGETS
from crawler.jobs.schedules.starting import read_stored
from pipelines.collections import ANY_CASE

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase

    from analysis.erasing.subject import Subject
    from services.mongodb import Document

_AT_ONCE = 200
_BLANK = [
    {
        "$set": {
            "value": "",
            "username": None,
            "video_id": None,
            "message": None,
            "key": {"$concat": ["$type", ":"]},
            "flight": {"$concat": ["$type", ":"]},
        }
    }
]


async def blank_targets(database: AsyncDatabase[Document], subject: Subject) -> int:
    """Blank targets of crawls: those that still wait end as ``not_collected``."""
    names = {"username": {"$in": sorted(subject.usernames)}}
    count = await _blank(database, names)
    for chunk in chunks(subject.keys):
        count += await _blank(database, {"key": {"$in": chunk}})
    for chunk in chunks(subject.video_ids):
        count += await _blank(database, {"video_id": {"$in": chunk}})
    return count


async def blank_items(database: AsyncDatabase[Document], subject: Subject) -> int:
    """Have items of crawls keep their place and kind, and lose the id of what they were."""
    count = 0
    kinds = (
        (Kind.VIDEO, subject.video_ids),
        (Kind.USER, subject.user_ids),
        (Kind.COMMENT, subject.comment_ids),
        (Kind.MUSIC, subject.music_ids),
    )
    for kind, ids in kinds:
        for chunk in chunks(ids):
            query = {"item": {"$in": chunk}, "kind": kind.value}
            while items := await database[CRAWL_ITEMS].find(query).to_list(_AT_ONCE):
                await _rename(database, items)
                count += len(items)
    return count


async def blank_schedules(database: AsyncDatabase[Document], subject: Subject) -> int:
    """Blank targets of schedules."""
    count = 0
    async for document in database[SCHEDULE_TARGETS].find():
        targets = document["targets"]
        blanked = [
            one | {"value": "", "username": None} if subject.has(read_stored(one)) else one
            for one in targets
        ]
        if blanked != targets:
            query = {"_id": document["_id"], "targets": targets}
            await database[SCHEDULE_TARGETS].update_one(query, {"$set": {"targets": blanked}})
            count += sum(one != was for one, was in zip(blanked, targets, strict=True))
    return count


async def _blank(database: AsyncDatabase[Document], query: Document) -> int:
    changed = await database[CRAWL_TARGETS].update_many(query, _BLANK, collation=ANY_CASE)
    return changed.modified_count


async def _rename(database: AsyncDatabase[Document], items: list[dict[str, Any]]) -> None:
    """Replace items, whose ids name what they were, by nameless ones in their places."""
    nameless = [
        one | {"_id": f"{one['crawl']}:{one['kind']}::{one['sequence']}", "item": ""}
        for one in items
    ]

    async def write(session: AsyncClientSession) -> None:
        ids = {"_id": {"$in": [one["_id"] for one in items]}}
        gone = await database[CRAWL_ITEMS].delete_many(ids, session=session)
        if gone.deleted_count == len(items):
            await database[CRAWL_ITEMS].insert_many(nameless, session=session)
        else:
            await session.abort_transaction()

    async with database.client.start_session() as session:
        await session.with_transaction(write)
