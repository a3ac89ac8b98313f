"""The gate before endpoints that need a key, and what a wrong request costs there."""

from __future__ import annotations

import contextlib
from functools import wraps
from typing import TYPE_CHECKING

from aiohttp_apispec import validation_middleware

from accounts.keys import digest
from api.addresses import caller_address
from api.calls import CALL, Call
from api.errors import UNAUTHORIZED, ApiError
from api.middlewares.once import KEY_HEADER as IDEMPOTENCY_KEY
from api.middlewares.once import once
from api.parts import ADMISSIONS, ENVIRONMENT

if TYPE_CHECKING:
    from aiohttp import web

    from api.middlewares import Handler

KEY_HEADER = "X-API-Key"
_BEHIND = "/api/"


def behind_gate(handler: Handler) -> Handler:
    """Let only requests with a key reach the endpoint, and only valid ones.

    A request that turns out to be wrong before its handler has admitted it is admitted here: it
    counts towards the rate and costs nothing. A POST with an idempotency key is done once.
    """
    handler_once = once(handler)

    @wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        call = request[CALL]
        if not _take_key(request, call):
            raise ApiError(UNAUTHORIZED)
        try:
            response: web.StreamResponse = await validation_middleware(
                request, handler_once if IDEMPOTENCY_KEY in request.headers else handler
            )
        except ApiError as error:
            await request.app[ADMISSIONS].count_wrong(call, error)
            raise
        return response

    return guarded


async def count_stray(request: web.Request, call: Call) -> None:
    """Count a request that found no endpoint behind the gate, if its key is valid."""
    if request.path.startswith(_BEHIND) and _take_key(request, call):
        with contextlib.suppress(ApiError):
            await request.app[ADMISSIONS].admit(call, cost=0)


def _take_key(request: web.Request, call: Call) -> bool:
    key = request.headers.get(KEY_HEADER)
    if not key:
        return False
    call.key_digest = digest(key)
    call.address = caller_address(request, request.app[ENVIRONMENT].trusted_proxies)
    return True
