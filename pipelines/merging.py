"""How an observation changes what is stored: it replaces what it knows and leaves the rest.

A newer observation is never overwritten by an older one: the upsert then meets its own id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.items import Kind

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from services.mongodb import Document

PARTS = {
    Kind.VIDEO: ("author", "music"),
    Kind.USER: ("statistics",),
    Kind.HASHTAG: ("statistics",),
    Kind.MUSIC: ("statistics",),
    Kind.COMMENT: ("author",),
}
"""The objects in which a poorer layout leaves what it does not know."""
_KEPT = ("_id", "first_seen_at")


def merged(
    document: Document,
    *,
    parts: Collection[str],
    at_first: Document | None = None,
    undone: Collection[str] = (),
) -> Document:
    """The upsert of an observed document.

    Args:
        document: the whole document, with ``_id`` and ``observed_at``.
        parts: the names of objects that are merged field by field.
        at_first: what only a new document begins with.
        undone: the names of fields that an observation takes away.
    """
    known: dict[str, Any] = {}
    observed_at: datetime = document["observed_at"]
    unknown: dict[str, Any] = {"first_seen_at": observed_at}
    for name, value in _flat(document, parts):
        (unknown if value is None or value == [] else known)[name] = value
    update = {"$set": known, "$setOnInsert": unknown | (at_first or {})}
    if undone:
        update["$unset"] = dict.fromkeys(undone, "")
    return {"q": newer(document["_id"], observed_at), "u": update, "upsert": True}


def replaced(document: Document) -> Document:
    """The upsert of a document that replaces the one before as a whole."""
    fields = {name: value for name, value in document.items() if name not in _KEPT}
    return {
        "q": newer(document["_id"], document["observed_at"]),
        "u": {"$set": fields, "$setOnInsert": {"first_seen_at": document["observed_at"]}},
        "upsert": True,
    }


def newer(document_id: str, observed_at: datetime) -> Document:
    """What finds a document that was not observed later."""
    return {"_id": document_id, "observed_at": {"$lte": observed_at}}


def _flat(document: Document, parts: Collection[str]) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, value in document.items():
        if name in parts and isinstance(value, dict):
            pairs.extend((f"{name}.{inner}", part) for inner, part in value.items())
        elif name not in _KEPT:
            pairs.append((name, value))
    return pairs
