"""Running the migrations that a database has not had, in their order."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

logger = logging.getLogger(__name__)

COLLECTION = "migrations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One change; interrupted or run beside another process it can be run again."""

    number: int
    what: str
    """What it does, as a sentence without its subject."""
    act: Callable[[AsyncDatabase[Document]], Awaitable[int]]
    """Carries it out and answers how many documents were changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A migration that was run."""

    number: int
    what: str
    changed: int


async def migrate(database: AsyncDatabase[Document], migrations: Sequence[Migration]) -> list[Done]:
    """Run what is not recorded as done, and answer what was run.

    Raises:
        PyMongoError: one could not be carried out; those before it are done.
    """
    records = database[COLLECTION]
    done = {record["_id"] async for record in records.find({}, {"_id": 1})}
    ran = []
    for one in migrations:
        if one.number in done:
            continue
        changed = await one.act(database)
        record = {"what": one.what, "changed": changed, "done_at": datetime.now(UTC)}
        await records.update_one({"_id": one.number}, {"$setOnInsert": record}, upsert=True)
        logger.info("migration %d, %s: %d documents", one.number, one.what, changed)
        ran.append(Done(number=one.number, what=one.what, changed=changed))
    return ran
