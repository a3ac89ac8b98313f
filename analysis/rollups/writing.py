"""How rows get into a roll-up: whoever began to make them last is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo.errors import DuplicateKeyError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pymongo.asynchronous.database import AsyncDatabase

    from analysis.views.view import Pipeline
    from services.mongodb import Document

_BEGAN_EARLIER = {"$lt": ["$$new.rolled_at", "$rolled_at"]}
_KNOWS_LESS = {"$and": [{"$eq": ["$$new.first", True]}, {"$eq": ["$first", False]}]}
"""The rows before it were there when the day was made, and are kept no more."""
_NEWER: Mapping[str, Any] = {
    "whenMatched": [
        {
            "$replaceWith": {
                "$switch": {
                    "branches": [
                        {"case": _BEGAN_EARLIER, "then": "$$ROOT"},
                        {
                            "case": _KNOWS_LESS,
                            "then": {"$mergeObjects": ["$$ROOT", {"rolled_at": "$$new.rolled_at"}]},
                        },
                    ],
                    "default": "$$new",
                }
            }
        }
    ]
}
_NEW: Mapping[str, Any] = {"whenMatched": "fail"}
"""Takes half the time."""


async def write(
    database: AsyncDatabase[Document],
    rows: Pipeline,
    *,
    of: str,
    into: str,
    old: Mapping[str, Any],
    stamp: datetime,
) -> None:
    """Put what a pipeline makes of a collection in the place of what is there.

    Two may make the same rows at once: those stay that were begun later, for they are of more.

    Args:
        database: where all is.
        rows: makes rows whose ``rolled_at`` is ``stamp``.
        of: the collection that it reads.
        into: the roll-up.
        old: what finds the rows that are replaced; those that are not made again go.
        stamp: when this was begun.
    """
    if await database[into].find_one(old, {"_id": 1}) is None:
        try:
            await database[of].aggregate([*rows, {"$merge": {"into": into, **_NEW}}])
        except DuplicateKeyError:
            pass  # another has begun to make them, too
        else:
            return
    await database[of].aggregate([*rows, {"$merge": {"into": into, **_NEWER}}])
    await database[into].delete_many({**old, "rolled_at": {"$lt": stamp}})
