"""The endpoint of exports of the whole store."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from aiohttp import web

from analysis.exports.errors import ExportError
from analysis.exports.form import Compression, Format
from analysis.exports.kinds import Subject
from analysis.exports.order import Order
from api.calls import CALL, DATA
from api.documented import documented
from api.errors import (
    INVALID_PARAMETER,
    MISSING_PARAMETER,
    MONTH_SPENT,
    NO_EXPORTS,
    OF_KEYS,
    OUR_FAULT,
    TOO_MANY_STREAMS,
    ApiError,
)
from api.export_examples import EXPORT_CSV, EXPORT_JSONL, EXPORT_PARQUET
from api.exports import Wanted
from api.middlewares.gate import behind_gate
from api.parts import ADMISSIONS, DATABASE, ENVIRONMENT, EXPORTING, EXPORTS
from api.schemas.exports import ExportRequest
from api.storage import storage
from api.streaming import leaving, stream
from settings.plans import PLANS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from accounts.limits import Admission

_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSONL: "application/x-ndjson",
    Format.PARQUET: "application/vnd.apache.parquet",
}
_PACKED = {
    Compression.GZIP: ("gz", "application/gzip"),
    Compression.ZSTD: ("zst", "application/zstd"),
}


@documented(
    tag="Exports",
    summary="Export what is stored",
    query=ExportRequest,
    answers={200: (None, "The file", None)},
    texts={
        "application/x-ndjson": EXPORT_JSONL,
        "text/csv": EXPORT_CSV,
        "application/vnd.apache.parquet": EXPORT_PARQUET,
        "application/gzip": "…",
        "application/zstd": "…",
    },
    answer_headers={"Content-Disposition": "A name to save the file under."},
    problems=(
        *(MISSING_PARAMETER, INVALID_PARAMETER, NO_EXPORTS),
        *(TOO_MANY_STREAMS, MONTH_SPENT, *OF_KEYS),
    ),
)
async def export(request: web.Request) -> web.StreamResponse:
    """All that is stored of a kind, or a part of it, as one file that is sent as it is made.

    Business accounts only, two at once. Charged as one request, whatever its size. A connection
    that breaks off before its end is an incomplete file.
    """
    wanted = _wanted(request)
    call, admissions = request[CALL], request.app[ADMISSIONS]
    admission = await admissions.admit(call, cost=1)
    try:
        if not PLANS[admission.plan].exports:
            upgrade_url = request.app[ENVIRONMENT].upgrade_url
            raise ApiError(NO_EXPORTS, current_plan=admission.plan.value, upgrade_url=upgrade_url)
        async with request.app[EXPORTING].hold(admission.account_id, admission.plan):
            with leaving(request) as left:
                file = request.app[EXPORTS].file(wanted, left)
                return await stream(request, file, _headers(wanted), _charged(request, admission))
    except ApiError as error:
        await _settle(request, admission, error.status)
        raise


@contextlib.asynccontextmanager
async def _charged(request: web.Request, admission: Admission) -> AsyncIterator[None]:
    """Charge what begins to come."""
    async with storage():
        await request.app[DATABASE].command("ping")
    try:
        yield
    except OSError as error:
        raise ApiError(OUR_FAULT, request_id=request[CALL].id) from error
    await _settle(request, admission, 200)


async def _settle(request: web.Request, admission: Admission, status: int) -> None:
    call = request[CALL]
    await request.app[ADMISSIONS].settle(
        call,
        admission,
        status=status,
        video_id=None,
        is_cached=True,
        elapsed_ms=call.elapsed_ms,
    )


def _wanted(request: web.Request) -> Wanted:
    """What the query asks for.

    Raises:
        ApiError: there can be no such export.
    """
    asked = request[DATA].copy()
    form, compression = asked.pop("format") or Format.JSONL, asked.pop("compress")
    names = asked.pop("fields")
    try:
        order = Order(
            subject=Subject(asked.pop("kind")), fields=names.split(",") if names else (), **asked
        )
    except ExportError as error:
        wrong = f"The parameter '{error.field}' is wrong: {error}"
        raise ApiError(INVALID_PARAMETER, detail=wrong) from None
    return Wanted(order=order, form=form, compression=compression)


def _headers(wanted: Wanted) -> dict[str, str]:
    name, content_type = f"{wanted.order.subject}.{wanted.form}", _TYPES[wanted.form]
    if wanted.compression is not None and wanted.form is not Format.PARQUET:
        ending, content_type = _PACKED[wanted.compression]
        name = f"{name}.{ending}"
    return {
        "Content-Type": content_type,
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }


ROUTES = [web.get("/api/v1/exports", behind_gate(export), allow_head=False)]
