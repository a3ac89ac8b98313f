"""The data dictionary: every collection, field and index, from what MongoDB is held to.

``python -m analysis.dictionary > docs/data-dictionary.md`` writes it anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import accounts.collections
import analysis.rollups.collections
import crawler.jobs.collections
import crawler.jobs.erasures.collections
import crawler.jobs.schedules.collections
import crawler.jobs.webhooks.collections
import pipelines.collections
from analysis.views.all import VIEWS
from pipelines.documents.mongo import schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pymongo import IndexModel

    from analysis.views.view import View
    from services.mongodb import Document

_OTHERS = (
    analysis.rollups.collections,
    crawler.jobs.collections,
    crawler.jobs.schedules.collections,
    crawler.jobs.webhooks.collections,
    accounts.collections,
    crawler.jobs.erasures.collections,
)
_WORDS = {
    "int": "integer",
    "long": "integer",
    "double": "number",
    "bool": "boolean",
    "binData": "binary",
    "objectId": "object id",
}
_INTRODUCTION = """# Data dictionary

Made from what MongoDB is held to, by `.venv/bin/python -m analysis.dictionary`. How to read it, and
queries to begin with, are in [For analysts](analyst.md). Each description stands in the validator
of its collection too, where Compass shows it.

Null is unknown, ids are strings, times are dates in UTC.
"""
_SERIES = "A time series by `observed_at` and `meta`; MongoDB has no validators for these."


def schemas() -> dict[str, Document]:
    """The ``$jsonSchema`` of every collection, what crawls collect first."""
    collected = pipelines.collections.DOCUMENTS | pipelines.collections.ROWS
    found = {name: schema_of(kind) for name, kind in collected.items()}
    for module in _OTHERS:
        found |= module.SCHEMAS
    return found


def indexes() -> Mapping[str, Sequence[IndexModel]]:
    """The named indexes of every collection that has any."""
    found: dict[str, Sequence[IndexModel]] = {**pipelines.collections.INDEXES}
    for module in _OTHERS:
        found |= module.INDEXES
    return found


def dictionary() -> str:
    """The page in Markdown."""
    named = indexes()
    sections = [_section(name, schema, named.get(name, ())) for name, schema in schemas().items()]
    return "\n".join([_INTRODUCTION, *sections, *map(_view, VIEWS)])


def _section(name: str, schema: Document, named: Sequence[IndexModel]) -> str:
    lines = [f"## `{name}`", "", schema["description"]]
    if name in pipelines.collections.ROWS:
        lines += ["", _SERIES]
    lines += ["", "| field | type | meaning |", "|---|---|---|", *_fields(schema)]
    if named:
        lines += ["", "| index | fields | |", "|---|---|---|", *map(_index, named)]
    return "\n".join(lines) + "\n"


def _view(view: View) -> str:
    lines = [f"## `{view.name}`", "", f"{view.meaning} A view on `{view.source}`."]
    lines += ["", "| column | type | meaning |", "|---|---|---|"]
    lines += [
        f"| `{name}` | {column.type.value} | {column.meaning} |"
        for name, column in view.columns.items()
    ]
    return "\n".join(lines) + "\n"


def _fields(schema: Document, prefix: str = "") -> Iterator[str]:
    for name, field in schema["properties"].items():
        yield f"| `{prefix}{name}` | {_type(field)} | {field['description']}{_words(field)} |"
        inner = field.get("items", field)
        if "properties" in inner:
            yield from _fields(inner, f"{prefix}{name}{'[]' if 'items' in field else ''}.")


def _type(field: Document) -> str:
    kinds = [field["bsonType"]] if isinstance(field["bsonType"], str) else field["bsonType"]
    word = _WORDS.get(kinds[0], kinds[0])
    return f"{word}, null" if "null" in kinds else word


def _words(field: Document) -> str:
    words = [f"`{word}`" for word in field.get("enum", ()) if word is not None]
    return f" One of {', '.join(words)}." if words else ""


def _index(model: IndexModel) -> str:
    about: dict[str, Any] = model.document
    keys = ", ".join(f"`{name}`{' ↓' if way == -1 else ''}" for name, way in about["key"].items())
    notes = [
        text
        for text, holds in (
            ("unique", about.get("unique")),
            ("deletes documents that are due", "expireAfterSeconds" in about),
            ("only of some documents", "partialFilterExpression" in about or "sparse" in about),
            ("tells no capitals from small letters", "collation" in about),
        )
        if holds
    ]
    return f"| `{about['name']}` | {keys} | {', '.join(notes)} |"


if __name__ == "__main__":
    print(dictionary(), end="")
