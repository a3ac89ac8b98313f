"""The columns of an export: a document's own fields, flat, typed as its dataclass says."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from analysis.exports.errors import ExportError
from pipelines.documents.mongo import schema_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_UNSHOWN = frozenset({"session", "snapshot", "archive"})
"""Cookies of ours, and what the store keeps for its own work."""
_KEYS = frozenset({"_id", "meta"})
ALL = "all"
"""The name that stands for every column."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """One column."""

    name: str
    """The names on the path joined by ``_``, such as ``author_username``."""
    path: tuple[str, ...]
    """Where it is in the document: one name or two."""
    schema: Mapping[str, Any]
    """What MongoDB is held to there."""


@cache
def columns_of(kind: Any) -> tuple[Column, ...]:
    """All columns of a kind of document, those that say what it is of first."""
    found = tuple(_columns(schema_of(kind), ()))
    return tuple(sorted(found, key=lambda column: column.path[0] not in _KEYS))


def choose(columns: tuple[Column, ...], names: Iterable[str]) -> tuple[Column, ...]:
    """The named columns, in that order; the name of an object stands for all that is in it.

    ``all`` stands for all there are.

    Raises:
        ExportError: there is no such column.
    """
    chosen: dict[str, Column] = {}
    for name in names:
        wanted = name.strip().replace(".", "_")
        found = [one for one in columns if wanted in (ALL, one.name)] or [
            one for one in columns if len(one.path) > 1 and one.path[0] == wanted
        ]
        if not found:
            raise ExportError("fields", _unknown(name.strip(), columns))
        chosen |= {one.name: one for one in found}
    return tuple(chosen.values())


def _columns(schema: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[Column]:
    for name, field in schema["properties"].items():
        path = (*above, name)
        if "properties" in field:
            if name not in _UNSHOWN:
                yield from _columns(field, path)
        elif name not in _UNSHOWN:
            yield Column(name=_name(path), path=path, schema=field)


def _name(path: tuple[str, ...]) -> str:
    if path == ("_id",):
        return "id"
    return "_".join(path[1:] if path[0] in _KEYS else path)


def _unknown(name: str, columns: tuple[Column, ...]) -> str:
    names = [column.name for column in columns]
    objects = {column.path[0] for column in columns if len(column.path) > 1}
    near = difflib.get_close_matches(name.replace(".", "_"), [*names, *objects], cutoff=0.5)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    return f"there is no field {name!r}: {meant}There are {', '.join(names)}"
