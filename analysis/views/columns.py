"""Columns that are a document's own fields: their types and sentences come from its dataclass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.views.view import Column, Type
from pipelines.documents.mongo import schema_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.mongodb import Document

_TYPES = {
    "string": Type.TEXT,
    "int": Type.WHOLE,
    "double": Type.NUMBER,
    "bool": Type.TRUTH,
    "date": Type.TIME,
}


def columns_of(kind: Any, paths: Mapping[str, str]) -> dict[str, Column]:
    """A column for each name, of the field that its path leads to."""
    schema = schema_of(kind)
    return {name: _column(schema, path) for name, path in paths.items()}


def projection_of(paths: Mapping[str, str]) -> dict[str, Any]:
    """What makes such columns.

    A condition on one is answered by the index of its field, unless that is within an object:
    MongoDB does not look behind such a name, as it might lead through arrays.
    """
    return {"_id": 0} | {name: f"${path}" for name, path in paths.items()}


def _column(schema: Document, path: str) -> Column:
    *parents, last = path.split(".")
    for parent in parents:
        schema = schema["properties"][parent]
    field = schema["properties"][last]
    said = field["description"]
    meaning = f"`{path}`: {said}" if parents else said
    return Column(type=_TYPES[field["bsonType"][0]], meaning=meaning)
