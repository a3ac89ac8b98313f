"""Parts of MongoDB's ``$jsonSchema``, each with the sentence that says what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from enum import StrEnum

Schema = dict[str, Any]


def collection(description: str, required: list[str], **properties: Schema) -> Schema:
    """The documents of a collection; ``_id`` is required too."""
    return {
        "bsonType": "object",
        "description": description,
        "required": ["_id", *required],
        "properties": properties,
    }


def text(description: str, *, nullable: bool = False) -> Schema:
    """A string."""
    return _of(["string"], description, nullable)


def moment(description: str, *, nullable: bool = False) -> Schema:
    """A date."""
    return _of(["date"], description, nullable)


def count(description: str, *, nullable: bool = False, minimum: int = 0) -> Schema:
    """A whole number."""
    return {**_of(["int", "long"], description, nullable), "minimum": minimum}


def number(description: str, *, nullable: bool = False) -> Schema:
    """A number that need not be whole."""
    return _of(["double", "int", "long"], description, nullable)


def truth(description: str, *, nullable: bool = False) -> Schema:
    """True or false."""
    return _of(["bool"], description, nullable)


def binary(description: str, *, nullable: bool = False) -> Schema:
    """Bytes."""
    return _of(["binData"], description, nullable)


def listing(description: str) -> Schema:
    """An array of anything."""
    return _of(["array"], description, nullable=False)


def part(description: str, *, nullable: bool = False, **properties: Schema) -> Schema:
    """An object within a document."""
    inner: Schema = {"properties": properties} if properties else {}
    return {**_of(["object"], description, nullable), **inner}


def one_of(words: type[StrEnum], description: str, *, nullable: bool = False) -> Schema:
    """One of the words of an enum."""
    values: list[str | None] = [word.value for word in words]
    schema = _of(["string"], description, nullable)
    return {**schema, "enum": [*values, None] if nullable else values}


def _of(kinds: list[str], description: str, nullable: bool) -> Schema:
    allowed = [*kinds, "null"] if nullable else kinds
    return {"bsonType": allowed if len(allowed) > 1 else allowed[0], "description": description}
