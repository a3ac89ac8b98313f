"""What a view is, and how it comes into MongoDB."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pymongo.errors import OperationFailure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

Pipeline = list[dict[str, Any]]
_NAMESPACE_EXISTS = 48


class Type(StrEnum):
    """What a column holds, beside null."""

    TEXT = "string"
    WHOLE = "integer"
    NUMBER = "number"
    TRUTH = "boolean"
    TIME = "date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a view."""

    type: Type
    meaning: str
    """A sentence; null is unknown in every column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view: the rows that a pipeline makes of a collection."""

    name: str
    meaning: str
    """A sentence: what one row is, and another where every question reads the whole source."""
    source: str
    pipeline: Pipeline
    columns: Mapping[str, Column]


async def make(database: AsyncDatabase[Document], views: Sequence[View]) -> None:
    """Make or update views; several processes may do this at once.

    Raises:
        PyMongoError: MongoDB does not answer, or has a collection of such a name.
    """
    names = [view.name for view in views]
    found = await database.list_collections(filter={"name": {"$in": names}})
    there = {one["name"]: one["options"] async for one in found}
    await asyncio.gather(*(_settle(database, view, there.get(view.name)) for view in views))


async def _settle(
    database: AsyncDatabase[Document], view: View, there: Mapping[str, Any] | None
) -> None:
    wanted: dict[str, Any] = {"viewOn": view.source, "pipeline": view.pipeline}
    if there is None:
        try:
            await database.create_collection(view.name, check_exists=False, **wanted)
        except OperationFailure as error:
            if error.code != _NAMESPACE_EXISTS:
                raise
    elif {name: there.get(name) for name in wanted} != wanted:
        await database.command("collMod", view.name, **wanted)
