"""Lists as JSON or as CSV, whichever the caller's ``Accept`` likes better."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aiohttp import hdrs, web

from api.changing import respond
from pipelines.documents.rows import flat, lines

if TYPE_CHECKING:
    from collections.abc import Sequence

CSV = "text/csv"
JSON = "application/json"
NEXT = "X-Next-Cursor"
"""The header that a page of CSV has its cursor in."""
HEADERS = {
    NEXT: "With CSV: what is `next_cursor` in JSON; absent at the end.",
    "Vary": "`Accept`: the same address answers JSON and CSV.",
}
_RANGE = re.compile(r"\s*(?P<type>[\w*.+-]+/[\w*.+-]+)\s*(?P<parameters>(?:;[^;,]*)*)", re.ASCII)
_WEIGHT = re.compile(r"\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*", re.ASCII | re.IGNORECASE)


def wants_csv(request: web.Request) -> bool:
    """Whether a caller likes CSV better than JSON; who likes both alike gets JSON."""
    weights = _weights(",".join(request.headers.getall(hdrs.ACCEPT, ())))
    csv = weights.get(CSV, weights.get("text/*", 0.0))
    json = weights.get(JSON, weights.get("application/*"))
    if json is not None:
        return csv > json
    # Who names CSV beside anything at all means CSV.
    return csv > 0 and csv >= weights.get("*/*", 0.0)


def answer_table(
    request: web.Request, body: dict[str, Any], name: str, columns: Sequence[str]
) -> web.Response:
    """The answer with the list ``name``; as CSV that list alone, with a row of columns above it."""
    if not wants_csv(request):
        response = respond(body)
    else:
        head = dict(zip(columns, columns, strict=True))
        rows = (dict(flat(row)) for row in body[name])
        response = web.Response(
            body=lines([head, *rows], columns),
            headers={"Content-Type": f"{CSV}; charset=utf-8", "Cache-Control": "no-store"},
        )
        if body["next_cursor"] is not None:
            response.headers[NEXT] = body["next_cursor"]
    response.headers[hdrs.VARY] = hdrs.ACCEPT
    return response


def _weights(accepted: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for element in accepted.split(","):
        if found := _RANGE.fullmatch(element):
            parameters = found["parameters"].split(";")
            told = [weight for one in parameters if (weight := _WEIGHT.fullmatch(one))]
            weights[found["type"].lower()] = float(told[0][1]) if told else 1.0
    return weights
