"""Documents to and from MongoDB, and the validators that MongoDB holds them to."""

from __future__ import annotations

import types
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import (
    Annotated,
    Any,
    Literal,
    NewType,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from bson import ObjectId
from bson.int64 import Int64

D = TypeVar("D")

Change = NewType("Change", int)
"""A number that may be less than zero, as that of a growth."""

_BSON_TYPES = {
    str: ["string"],
    int: ["int", "long"],
    Change: ["int", "long"],
    float: ["double", "int", "long"],
    bool: ["bool"],
    datetime: ["date"],
    bytes: ["binData"],
    ObjectId: ["objectId"],
}

_PLAIN = frozenset({str, int, float, bool, datetime, bytes, ObjectId, type(None)})


def to_mongo(document: Any) -> dict[str, Any]:
    """A document as it is stored: plain values, with its id as ``_id``."""
    stored = to_plain(document)
    stored["_id"] = stored.pop("id")
    return stored


def from_mongo(kind: type[D], stored: dict[str, Any]) -> D:
    """A stored document read back; fields of other versions are left out.

    Raises:
        TypeError: a field without which there is no such document is missing.
    """
    document: D = _read(kind, {**stored, "id": stored["_id"]})
    return document


@cache
def schema_of(kind: type[Any]) -> dict[str, Any]:
    """The ``$jsonSchema`` of a document, with each field's sentence as its description."""
    schema = _schema_of_dataclass(kind)
    if "id" not in schema["properties"]:  # a row, whose id is MongoDB's own
        return schema
    schema["properties"]["_id"] = schema["properties"].pop("id")
    schema["required"] = ["_id", *(name for name in schema["required"] if name != "id")]
    return schema


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def to_plain(part: Any) -> dict[str, Any]:
    """A dataclass as plain values; quicker than ``dataclasses.asdict``, which copies deeply."""
    plain = {}
    own_kind: Any = type(part)
    for name in _names(own_kind):
        value = getattr(part, name)
        kind: Any = type(value)
        if kind not in _PLAIN:
            if kind is list:
                value = [one if type(one) in _PLAIN else to_plain(one) for one in value]
            else:
                value = to_plain(value)
        plain[name] = value
    return plain


@cache
def _readers(kind: type[Any]) -> dict[str, tuple[Any, bool]]:
    """For each field the dataclass in it, if any, and whether it holds a list of them."""
    readers: dict[str, tuple[Any, bool]] = {}
    for name, hint in get_type_hints(kind).items():
        inner, is_list = _without_none(hint), False
        if get_origin(inner) is list:
            inner, is_list = get_args(inner)[0], True
        readers[name] = (inner if is_dataclass(inner) else None, is_list)
    return readers


def _read(kind: Any, stored: dict[str, Any]) -> Any:
    values = {}
    for name, (inner, is_list) in _readers(kind).items():
        if name not in stored:
            continue
        value = stored[name]
        if isinstance(value, datetime) and value.tzinfo is None:
            value = value.replace(tzinfo=UTC)
        elif isinstance(value, Int64):
            value = int(value)
        if inner is not None and value is not None:
            value = [_read(inner, one) for one in value] if is_list else _read(inner, value)
        values[name] = value
    return kind(**values)


def _without_none(hint: Any) -> Any:
    options = [option for option in get_args(hint) if option is not type(None)]
    if get_origin(hint) in {Union, types.UnionType} and len(options) == 1:
        return options[0]
    return hint


def _schema_of_dataclass(kind: type[Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "bsonType": "object",
        "description": " ".join((kind.__doc__ or "").split()),
        "properties": {
            name: _schema_of_field(hint)
            for name, hint in get_type_hints(kind, include_extras=True).items()
        },
    }
    required = [
        field.name
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    ]
    return {**schema, "required": required} if required else schema


def _schema_of_field(hint: Any) -> dict[str, Any]:
    description = None
    if get_origin(hint) is Annotated:
        hint, description = get_args(hint)[0], get_args(hint)[1]
    schema = _schema_of_type(hint)
    return {"description": description, **schema} if description else schema


def _schema_of_type(hint: Any) -> dict[str, Any]:
    inner = _without_none(hint)
    schema: dict[str, Any]
    if get_origin(inner) is list:
        schema = {"bsonType": ["array"], "items": _schema_of_type(get_args(inner)[0])}
    elif get_origin(inner) is Literal:
        schema = {"bsonType": ["string"], "enum": list(get_args(inner))}
    elif is_dataclass(inner):
        schema = {**_schema_of_dataclass(cast("type[Any]", inner)), "bsonType": ["object"]}
    else:
        schema = {"bsonType": list(_BSON_TYPES[inner])}
        if inner is int:
            schema["minimum"] = 0
    if inner is not hint:
        schema["bsonType"] = [*schema["bsonType"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema
