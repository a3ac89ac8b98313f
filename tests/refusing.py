"""A collection that takes no documents."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document


@contextlib.asynccontextmanager
async def refusing(database: AsyncDatabase[Document], name: str) -> AsyncIterator[None]:
    """From now on; afterwards the collection is gone, for whoever needs it to make it anew."""
    await database.command("collMod", name, validator={"never": {"$exists": True}})
    try:
        yield
    finally:
        await database.drop_collection(name)
