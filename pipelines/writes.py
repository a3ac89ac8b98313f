"""Many writes to one collection in one command.

The command itself costs the worker half of what the driver's bulk writer does, which keeps a
session and repeats a write that a failing server may have lost. Here the queue does that: a job
whose write has failed is handed out again, and every write can be repeated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bson import ObjectId
from pymongo.errors import WriteConcernError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

_DUPLICATE_KEY = 11000
_MAJORITY = {"w": "majority"}


class WriteRefusedError(Exception):
    """MongoDB refused one document; the text is its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """What came of a command."""

    applied: int
    """Updates that matched or made a document."""
    made: frozenset[int]
    """The places of those that made one."""
    errors: dict[int, Exception]
    """The error of each update that was refused, by its place."""
    is_whole: bool
    """Whether every update was carried out."""


async def send(
    database: AsyncDatabase[Document], collection: str, updates: Sequence[Document]
) -> Updated:
    """Apply updates ``{q, u, upsert}``, each for itself, and wait until a majority has them.

    An upsert that meets its own id, because its query asks for more than that, is no error: what
    is there is meant to stay.

    Raises:
        PyMongoError: nothing is known of any of them.
    """
    reply = await _carry_out(database, {"update": collection, "updates": updates, "ordered": False})
    refused = [one for one in reply.get("writeErrors", ()) if one["code"] != _DUPLICATE_KEY]
    return Updated(
        applied=reply["n"],
        made=frozenset(one["index"] for one in reply.get("upserted", ())),
        errors={
            one["index"]: WriteRefusedError(f"{one['errmsg']} {one.get('errInfo', '')}")
            for one in refused
        },
        is_whole="writeErrors" not in reply,
    )


async def append(
    database: AsyncDatabase[Document], collection: str, documents: Sequence[Document]
) -> None:
    """Insert new documents, each with an id that tells when, and wait until a majority has them.

    Raises:
        WriteRefusedError: MongoDB refused one; the others may be there.
        PyMongoError: nothing is known of any of them.
    """
    # A time series gives its rows no ids.
    named = [{"_id": ObjectId(), **one} for one in documents]
    reply = await _carry_out(database, {"insert": collection, "documents": named, "ordered": False})
    for one in reply.get("writeErrors", ()):
        raise WriteRefusedError(f"{one['errmsg']} {one.get('errInfo', '')}")


async def _carry_out(database: AsyncDatabase[Document], command: Document) -> Document:
    reply: Document = await database.command(command | {"writeConcern": _MAJORITY})
    if "writeConcernError" in reply:
        problem = reply["writeConcernError"]
        raise WriteConcernError(problem.get("errmsg", ""), problem.get("code"), problem)
    return reply
