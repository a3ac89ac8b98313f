"""Exports: what is asked for of them."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from analysis.exports.form import Compression, Format
from analysis.exports.kinds import Subject
from api.schemas.fields import Line, Moment, said
from api.schemas.keys import Request
from api.schemas.quick import Word

_NAMES = ", ".join(f"'{one}'" for one in Subject)
_KINDS = f"must be one of {_NAMES}"
_FORMATS = "must be 'csv', 'jsonl' or 'parquet'"
_COMPRESSIONS = "must be 'gzip' or 'zstd'"
_NAME = "must be a text of 1 to 200 characters without control characters"
_FIELDS = "must be names of columns, parted by commas"
_COUNTRY = "must be two letters such as US"
_LINE = r"[^\x00-\x1f\x7f]{1,200}"
_OPTIONAL: dict[str, Any] = {"load_default": None}


class ExportRequest(Request):
    """Which export is asked for."""

    kind = fields.String(
        required=True,
        validate=validate.OneOf([one.value for one in Subject], error=_KINDS),
        error_messages={"required": "is required", **said(_KINDS)},
        metadata={"description": "What is to be exported."},
    )
    format = Word(
        Format,
        error_messages=said(_FORMATS),
        metadata={"description": "What the file is; `jsonl`, an object a line, by default."},
    )
    compress = Word(
        Compression,
        error_messages=said(_COMPRESSIONS),
        metadata={
            "description": "How the file is compressed, by default not at all; of Parquet, how its"
            " columns are, by default with Snappy."
        },
    )
    fields = Line(  # type: ignore[assignment] # of the schema, not of a request
        r"[A-Za-z0-9_.]{1,60}(,[A-Za-z0-9_.]{1,60}){0,199}",
        _FIELDS,
        "Columns, parted by commas; `all` stands for every one.",
        **_OPTIONAL,
    )
    since = Moment("What is from before is left out.", **_OPTIONAL)
    until = Moment("What is from after is left out; later than `since`.", **_OPTIONAL)
    hashtag = Line(_LINE, _NAME, "Only posts with this hashtag, or their statistics.", **_OPTIONAL)
    user = Line(_LINE, _NAME, "Only what is of the user with this name.", **_OPTIONAL)
    country = Line(
        r"[A-Za-z]{2}", _COUNTRY, "Only posts uploaded there, or their statistics.", **_OPTIONAL
    )
