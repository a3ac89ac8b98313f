"""The door of the administration: one token, which is no API key, and few guesses at it."""

from __future__ import annotations

import hmac
import logging
from functools import wraps
from time import time
from typing import TYPE_CHECKING

from aiohttp_apispec import validation_middleware
from redis.exceptions import RedisError

from accounts.errors import TooManyStrangersError
from accounts.keys import digest
from api.addresses import caller_address
from api.errors import NO_TOKEN, RATE_EXCEEDED, WRONG_TOKEN, ApiError, moment
from api.parts import ADMIN_TOKEN, ENVIRONMENT

if TYPE_CHECKING:
    from aiohttp import web

    from accounts.strangers import Strangers
    from api.middlewares import Handler

logger = logging.getLogger(__name__)

_CHALLENGE = {"WWW-Authenticate": "Bearer"}


class AdminToken:
    """The token, and who has tried others."""

    def __init__(self, token: str, strangers: Strangers) -> None:
        self._mark = _mark(token)
        self._strangers = strangers

    async def check(self, presented: str, address: str | None) -> None:
        """Let the token pass, and count what is none by the caller's address.

        Raises:
            ApiError: it is another token, or the address has tried too many.
        """
        mark = _mark(presented)
        is_right = hmac.compare_digest(mark, self._mark)
        try:
            await self._count(mark, address, is_right=is_right)
        except TooManyStrangersError as error:
            raise _too_many(error) from None
        except (RedisError, OSError):
            # Suspending somebody must be possible now; the token is too long to be guessed.
            logger.warning("guesses of the admin token are not counted: Redis does not answer")
        if not is_right:
            raise ApiError(WRONG_TOKEN, headers=_CHALLENGE)

    async def _count(self, mark: str, address: str | None, *, is_right: bool) -> None:
        is_counted = await self._strangers.count(address, mark)
        if is_right:
            await self._strangers.welcome(address, mark, is_counted=is_counted)
        elif not is_counted:
            await self._strangers.turn_away(mark)


def behind_token(handler: Handler) -> Handler:
    """Let only requests with the admin token reach the endpoint."""

    @wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise ApiError(NO_TOKEN, headers=_CHALLENGE)
        address = caller_address(request, request.app[ENVIRONMENT].trusted_proxies)
        await request.app[ADMIN_TOKEN].check(token.strip(), address)
        response: web.StreamResponse = await validation_middleware(request, handler)
        return response

    return guarded


def _mark(token: str) -> str:
    """A digest that no API key has."""
    return digest(f"admin {token}")


def _too_many(error: TooManyStrangersError) -> ApiError:
    return ApiError(
        RATE_EXCEEDED,
        detail=f"Maximum {error.maximum} requests with unknown tokens per minute and address",
        headers={"Retry-After": str(error.retry_after_s)},
        retry_after=error.retry_after_s,
        reset_at=moment(time() + error.retry_after_s),
    )
