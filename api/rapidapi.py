"""Requests that come through RapidAPI: nothing in them is believed before its secret matches."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import re
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from accounts.errors import AccountsError, LimitsUnavailableError
from accounts.subscribers import Subscriber
from api.errors import UNAUTHORIZED, ApiError
from settings.plans import PlanName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

    from accounts.strangers import Strangers
    from api.admissions import Admissions
    from api.calls import Call

logger = logging.getLogger(__name__)

SECRET = "X-RapidAPI-Proxy-Secret"  # noqa: S105 - the header's name
USER = "X-RapidAPI-User"
SUBSCRIPTION = "X-RapidAPI-Subscription"

_PLANS = {
    "BASIC": PlanName.FREE,
    "PRO": PlanName.BASIC,
    "ULTRA": PlanName.PRO,
    "MEGA": PlanName.BUSINESS,
}
_CUSTOM = "CUSTOM"
_USER = re.compile(r"[A-Za-z0-9._@~-]{1,100}")
_MOST_REMEMBERED = 1000
_LONGEST_TOLD = 64


class RapidApi:
    """Recognises RapidAPI's requests; without a secret there are none."""

    def __init__(
        self,
        admissions: Admissions,
        strangers: Strangers,
        *,
        secrets: Sequence[str],
        custom_plan: PlanName,
    ) -> None:
        self._admissions = admissions
        self._strangers = strangers
        self._digests = [_digest(secret) for secret in secrets]
        self._plans = {**_PLANS, _CUSTOM: custom_plan}
        self._told: set[str] = set()
        self._proven: set[str] = set()
        self._welcoming = asyncio.Lock()

    async def recognise(self, request: web.Request, call: Call) -> bool:
        """Whether RapidAPI sent the request; the call then bears its subscriber.

        Raises:
            ApiError: the secret is wrong, or RapidAPI does not say who calls.
        """
        if not self._digests or SECRET not in request.headers:
            return False
        try:
            is_proven = await self._is_proven(_only(request, SECRET), call.address)
        except AccountsError as error:
            self._admissions.refuse(call, error)
        if not is_proven:
            raise _unauthorized(SECRET, "is not valid")
        user = _only(request, USER)
        if not _USER.fullmatch(user):
            raise _unauthorized(USER, "must be 1 to 100 of the characters A-Z a-z 0-9 . _ @ ~ -")
        plan = self._plan(_only(request, SUBSCRIPTION))
        call.key_digest = Subscriber(user=user, plan=plan).name
        return True

    async def _is_proven(self, secret: str, address: str | None) -> bool:
        """Whether the secret is right; few guesses are open to an address.

        Where the right one came from lately, others who share the address cannot shut it out.
        """
        given = _digest(secret)
        is_right = sum(hmac.compare_digest(given, digest) for digest in self._digests) > 0
        if is_right and (address or "") in self._proven:
            return True
        try:
            if is_right:
                await self._welcome(address or "")
            else:
                await self._strangers.count(address, SECRET)
        except (RedisError, OSError) as error:
            raise LimitsUnavailableError(str(error)) from error
        return is_right

    async def _welcome(self, address: str) -> None:
        """Note where the right secret came from; one call at a time, or the first were a crowd."""
        async with self._welcoming:
            if address in self._proven:
                return
            mark = f"{SECRET}:{address}"
            is_counted = await self._strangers.count(address, mark)
            await self._strangers.welcome(address, mark, is_counted=is_counted)
            _remember(self._proven, address)

    def _plan(self, subscription: str) -> PlanName:
        plan = self._plans.get(subscription)
        if plan is not None:
            return plan
        told = subscription[:_LONGEST_TOLD]
        if told not in self._told:
            _remember(self._told, told)
            logger.warning("RapidAPI's subscription %r is not known: its users are on free", told)
        return PlanName.FREE


def _digest(secret: str) -> bytes:
    """What secrets are compared by, so that the time taken tells not even their length."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def _only(request: web.Request, header: str) -> str:
    """The header's value; empty without it.

    Raises:
        ApiError: there are several, and who knows which of them the caller has written.
    """
    values = request.headers.getall(header, ())
    if len(values) > 1:
        raise _unauthorized(header, "must be there once")
    return values[0] if values else ""


def _remember(values: set[str], value: str) -> None:
    if len(values) >= _MOST_REMEMBERED:
        values.clear()
    values.add(value)


def _unauthorized(header: str, what: str) -> ApiError:
    return ApiError(UNAUTHORIZED, detail=f"The header {header} {what}")
