"""Doing a request once, however often it is sent with the same ``Idempotency-Key``."""

from __future__ import annotations

import logging
from functools import wraps
from typing import TYPE_CHECKING

import orjson
from aiohttp import web
from multidict import istr

from accounts.errors import KeyReusedError, LimitsUnavailableError, UnderWayError
from accounts.once import Claim, Kept
from api.body import read_whole
from api.calls import CALL
from api.errors import INVALID_PARAMETER, KEY_REUSED, UNDER_WAY, ApiError, refusal
from api.parts import ADMISSIONS, ONCE
from crawler.errors import Reason

if TYPE_CHECKING:
    from accounts.limits import Admission
    from accounts.once import Once
    from api.middlewares import Handler

logger = logging.getLogger(__name__)

KEY_HEADER = istr("Idempotency-Key")
REPLAYED_HEADER = "Idempotent-Replayed"
LONGEST_KEY = 255
RETRY_S = 1

_METHODS = {"POST", "PATCH"}
"""What is not idempotent by itself."""


def once(handler: Handler) -> Handler:
    """Answer what was answered before from what was kept of it; for requests with the header.

    The key is valid before anything is looked up. A request that has to be worked on is admitted
    by its handler as any other, and counts once.
    """

    @wraps(handler)
    async def handle(request: web.Request) -> web.StreamResponse:
        if request.method not in _METHODS:
            return await handler(request)
        key, body = _key(request), await read_whole(request)
        call, keeper = request[CALL], request.app[ONCE]
        admission = await request.app[ADMISSIONS].admit(call, cost=0)
        parts = (request.method.encode(), request.rel_url.raw_path_qs.encode(), body)
        found = await _claim(keeper, admission, key, parts, call.id)
        if isinstance(found, Kept):
            return _replayed(found)
        call.standing = None
        return await _fulfil(keeper, found, handler, request)

    return handle


def _key(request: web.Request) -> str:
    keys = request.headers.getall(KEY_HEADER)
    key = keys[0]
    if len(keys) > 1 or not (key.isascii() and key.isprintable() and 1 <= len(key) <= LONGEST_KEY):
        raise ApiError(
            INVALID_PARAMETER,
            detail=f"The header 'Idempotency-Key' must be one of 1 to {LONGEST_KEY} printable"
            " ASCII characters",
        )
    return key


async def _claim(
    keeper: Once, admission: Admission, key: str, parts: tuple[bytes, ...], request_id: str
) -> Claim | Kept:
    try:
        return await keeper.claim(admission, key=key, request=parts, request_id=request_id)
    except KeyReusedError:
        raise ApiError(KEY_REUSED) from None
    except UnderWayError:
        headers = {"Retry-After": str(RETRY_S)}
        raise ApiError(UNDER_WAY, headers=headers, retry_after=RETRY_S) from None
    except LimitsUnavailableError as error:
        raise refusal(Reason.STORAGE_UNAVAILABLE) from error


async def _fulfil(
    keeper: Once, claim: Claim, handler: Handler, request: web.Request
) -> web.StreamResponse:
    """Do the work, and keep its answer unless another try may end otherwise."""
    kept = None
    try:
        response = await handler(request)
        kept = _of_response(response)
        return response
    except ApiError as error:
        kept = _of_error(error)
        raise
    finally:
        await _end(keeper, claim, kept)


async def _end(keeper: Once, claim: Claim, kept: Kept | None) -> None:
    try:
        if kept is None:
            await keeper.release(claim)
        elif not await keeper.keep(claim, kept):
            logger.warning("%s: its answer is not kept", claim.owner)
    except LimitsUnavailableError as error:
        logger.warning("%s: its answer is not kept: %s", claim.owner, error)


def _of_response(response: web.StreamResponse) -> Kept | None:
    if not isinstance(response, web.Response) or not 200 <= response.status < 300:
        return None
    body = response.body
    if not isinstance(body, bytes | None):
        return None
    headers = {str(name): value for name, value in response.headers.items()}
    return Kept(response.status, headers, body or b"")


def _of_error(error: ApiError) -> Kept | None:
    if not error.problem.is_charged:
        return None
    headers = {"Content-Type": "application/json; charset=utf-8", **error.headers}
    return Kept(error.status, headers, orjson.dumps(error.body))


def _replayed(kept: Kept) -> web.Response:
    headers = {**kept.headers, REPLAYED_HEADER: "true"}
    return web.Response(status=kept.status, body=kept.body, headers=headers)
