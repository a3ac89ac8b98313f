"""Around everything: an id for each request, one shape for each error, a line in the log."""

from __future__ import annotations

import logging
from time import monotonic
from typing import TYPE_CHECKING

import orjson
from aiohttp import web
from aiohttp.hdrs import ACCEPT_ENCODING

from api import rates
from api.calls import CALL, Call
from api.compressing import compress
from api.errors import (
    ENDPOINT_NOT_FOUND,
    OUR_FAULT,
    TOO_LARGE,
    WRONG_METHOD,
    ApiError,
    Problem,
)
from api.middlewares.gate import count_stray
from crawler.jobs.records import new_id
from services import logs

if TYPE_CHECKING:
    from api.metrics import Metrics
    from api.middlewares import Handler

logger = logging.getLogger(__name__)

JSON = "application/json; charset=utf-8"
_KNOWN = {problem.status: problem for problem in (ENDPOINT_NOT_FOUND, WRONG_METHOD, TOO_LARGE)}


def enveloped(handler: Handler, metrics: Metrics) -> Handler:
    """Answer whatever happens, say under which id it happened, and count it."""

    async def handle(request: web.Request) -> web.StreamResponse:
        call = Call(new_id("req"), monotonic())
        request[CALL] = call
        logs.about.set(call.id)
        try:
            response = await handler(request)
        except ApiError as error:
            response = answer(error)
        except web.HTTPException as error:
            response = await _stray(request, call, error)
        except Exception:
            logger.exception("%s failed", _line(request))
            response = answer(ApiError(OUR_FAULT, request_id=call.id))
        rates.identify(response.headers, call)
        # What is asked for by POST is kept by no cache, so it need not say what it varies by.
        if request.method != "POST" or ACCEPT_ENCODING in request.headers:
            await compress(request, response)
        elapsed_s = monotonic() - call.started
        metrics.count(request, response.status, elapsed_s)
        if response.status >= 400 or logger.isEnabledFor(logging.DEBUG):
            _log(request, response, elapsed_s=elapsed_s)
        return response

    return handle


def answer(error: ApiError) -> web.Response:
    """An error as it leaves; every error does so here."""
    return web.Response(
        status=error.status,
        body=orjson.dumps(error.body),
        headers={"Content-Type": JSON, **error.headers},
    )


async def _stray(request: web.Request, call: Call, error: web.HTTPException) -> web.Response:
    """What aiohttp refuses by itself: no such path, another method, a demand it cannot meet."""
    await count_stray(request, call)
    problem = _KNOWN.get(error.status) or Problem(
        status=error.status, error=error.reason, detail=error.reason
    )
    allow = error.headers.get("Allow")
    return answer(ApiError(problem, headers={"Allow": allow} if allow else None))


def _log(request: web.Request, response: web.StreamResponse, *, elapsed_s: float) -> None:
    level = logging.WARNING if response.status >= 500 else logging.INFO
    logger.log(
        level if response.status >= 400 else logging.DEBUG,
        "%s answered %d in %.0f ms",
        _line(request),
        response.status,
        elapsed_s * 1000,
    )


def _line(request: web.Request) -> str:
    return f"{request.method} {logs.redact(request.rel_url.raw_path)}"
