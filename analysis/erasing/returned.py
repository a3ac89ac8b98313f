"""Users who were erased and are stored again, as after a backup of before was restored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.erasing.subject import find
from pipelines.collections import COMMENTS, USERS, VIDEOS

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from analysis.erasing.subject import Subject
    from crawler.jobs.erasures.erasures import Erasures
    from services.mongodb import Document


async def find_returned(database: AsyncDatabase[Document], erasures: Erasures) -> list[Subject]:
    """Erased users of whom something is stored.

    One who only bears an erased name, under another id, is somebody else. Reads all posts, comments
    and users once.

    Raises:
        ServiceError: they were erased with another key.
        PyMongoError: MongoDB does not answer.
    """
    await erasures.refresh()
    if not erasures:
        return []
    found = await _named(database, erasures)
    subjects = [await find(database, who) for who in found]
    return [
        one
        for one in subjects
        if not one.user_ids or any(erasures.has_user(user_id, None) for user_id in one.user_ids)
    ]


async def _named(database: AsyncDatabase[Document], erasures: Erasures) -> list[str]:
    """Their ids, and names of those whom a document gives no id."""
    found: dict[str, None] = {}
    async for user in database[USERS].find({}, {"_id": 1}):
        if erasures.has_user(user["_id"], None):
            found[user["_id"]] = None
    for name in (VIDEOS, COMMENTS):
        documents = database[name].find({}, {"author.id": 1, "author.username": 1})
        async for document in documents:
            author = document.get("author") or {}
            user_id, username = author.get("id"), author.get("username")
            who = user_id or username
            if who is not None and erasures.has_user(user_id, None if user_id else username):
                found[who] = None
    return list(found)
