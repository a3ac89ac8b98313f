"""Items as rows of CSV: flat, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson

from pipelines.documents import shapes
from pipelines.documents.mongo import to_mongo
from pipelines.documents.video import Video

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


_FORMULA = re.compile(r"'*[=+\-@\t\r]")
JSON = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS


def flat(item: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The fields of an item, those inside others under both names: ``author_username``."""
    for name, value in item.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}_")
        else:
            yield prefix + name, value


def cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: such a text gets a leading apostrophe.

    A text that looks as if it had got one gets one too. So whoever reads a cell that begins with
    apostrophes and then ``=``, ``+``, ``-``, ``@``, a tab or a carriage return takes one away.
    """
    if value is not None and not isinstance(value, str | int | float):
        value = orjson.dumps(value, option=JSON).decode().strip('"')
    is_formula = isinstance(value, str) and _FORMULA.match(value) is not None
    return f"'{value}" if is_formula else value


@cache
def columns(kind: str) -> tuple[str, ...]:
    """The columns of a kind of item, by the shape of one of which nothing is known."""
    at = datetime(2024, 1, 1, tzinfo=UTC)
    nothing: Mapping[str, Any] = {"_id": "", "observed_at": at}
    if kind == "video":
        nothing = to_mongo(Video(id="", type="video", url="", observed_at=at))
    return tuple(name for name, _ in flat(shapes.show(kind, nothing)))


def lines(rows: Iterable[Mapping[str, Any]], header: Sequence[str]) -> bytes:
    """Rows of CSV with the columns of a header; what a row has beside them is left out."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([cell(row.get(name)) for name in header] for row in rows)
    return text.getvalue().encode()
