"""The collection of what is never collected again: a validator, and no name."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from services import mongodb
from services.schemas import collection, moment, one_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymongo import IndexModel
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

ERASURES = "erasures"


class Of(StrEnum):
    """What a digest is of."""

    USER = "user"
    """A user's id."""
    USERNAME = "username"
    VIDEO = "video"
    """A post's id."""
    KEY = "key"
    """Nothing: it tells whether the key is the one that the others were made with."""


SCHEMAS = {
    ERASURES: collection(
        "Users and posts that are never collected again, each as a digest made with a key.",
        ["of", "at"],
        of=one_of(Of, "What `_id` is a digest of."),
        at=moment("When it was erased first."),
    )
}
INDEXES: Mapping[str, Sequence[IndexModel]] = {}


async def prepare(database: AsyncDatabase[Document]) -> None:
    """Make or update the collection; several processes may do this at once."""
    await mongodb.prepare(database, SCHEMAS, INDEXES)
