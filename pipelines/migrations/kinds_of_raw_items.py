"""Raw items were of posts alone once, and said nothing of their kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.items import Kind
from pipelines.collections import RAW_ITEMS

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document


async def act(database: AsyncDatabase[Document]) -> int:
    """Name the kind where it is missing."""
    updated = await database[RAW_ITEMS].update_many(
        {"kind": {"$exists": False}}, {"$set": {"kind": Kind.VIDEO.value}}
    )
    return updated.modified_count
