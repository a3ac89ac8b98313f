"""Admitting and settling calls: rate, month and usage, each in one round trip to Redis.

What an admission needs of keys and accounts is cached in Redis for ``CACHED_S``; what is changed
is deleted there, so that every process sees it at once.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from accounts.accounts import account_key
from accounts.billing import period_of
from accounts.errors import (
    AddressRefusedError,
    CountryNotAvailableError,
    ExpiredKeyError,
    LimitsUnavailableError,
    MonthSpentError,
    RateExceededError,
    Standing,
    SuspendedError,
    UnknownKeyError,
)
from accounts.keys import cached_key
from accounts.usage import STREAM
from services.group_commit import GroupCommit
from services.scripts import Script
from settings.plans import PLANS, PlanName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from accounts.accounts import Account, Accounts
    from accounts.keys import Key, Keys
    from accounts.usage import Usage
    from services.scripts import Call

CACHED_S = 300
PATIENCE_S = 0.9
"""How long the databases may take before nobody is admitted."""

_admit, _settle, _load = (
    Script(Path(__file__).with_name(f"{name}.lua")) for name in ("admit", "settle", "load")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission(Standing):
    """A call that is admitted."""

    account_id: str
    is_charged: bool
    """Whether the cache had the answer, so that it is charged already."""
    cached: Sequence[str | None] = ()
    """The values of the cache fields that were asked for."""


class Limits:
    """The limits of all accounts; one for each process."""

    def __init__(
        self,
        redis: Redis,
        accounts: Accounts,
        keys: Keys,
        usage: Usage,
        *,
        reservation_s: float,
        window_s: float = 60,
    ) -> None:
        self._redis = redis
        self._accounts = accounts
        self._keys = keys
        self._usage = usage
        self._reservation_ms = int(reservation_s * 1000)
        self._window_ms = int(window_s * 1000)
        self._admitting: GroupCommit[Call, list[Any]] = GroupCommit(self._admit_all)

    async def admit(
        self,
        *,
        key_digest: str,
        request_id: str,
        cost: int,
        cache_key: str | None = None,
        cache_fields: Sequence[str] = (),
        needs_country: bool = False,
        address: str | None = None,
    ) -> Admission:
        """Admit a call and read what is cached for it.

        When the cache has all of ``cache_fields`` but the last, or the last, which is the reason
        of an absence, the call is charged at once; else its cost is reserved until it is settled.

        Raises:
            AccountsError: the call is not admitted; the subclass says why.
        """
        arguments: list[Any] = [
            *(request_id, cost, self._window_ms, self._reservation_ms),
            *(int(needs_country), "0", cache_key.partition(":")[2] if cache_key else ""),
            *(cache_fields or ("",)),
        ]
        call = [cached_key(key_digest), STREAM, cache_key or ""], arguments
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer = await self._ask(call, key_digest)
                if answer[0] == "address" and _is_allowed(address, answer[8]):
                    arguments[5] = "1"
                    answer = await self._ask(call, key_digest)
        except (RedisError, PyMongoError, OSError) as error:
            raise LimitsUnavailableError(str(error)) from error
        if answer[0] not in {"admitted", "charged", "reserved"}:
            _refuse(answer)
        return Admission(
            account_id=answer[1],
            is_charged=answer[0] == "charged",
            cached=answer[9:],
            **_standing(answer),
        )

    async def settle(
        self,
        admission: Admission,
        *,
        request_id: str,
        status: int,
        video_id: str | None,
        is_cached: bool,
        elapsed_ms: int,
    ) -> int:
        """End a reservation and answer what is left of the month; a second call changes nothing.

        200 and 404 are charged, anything else is not.

        Raises:
            LimitsUnavailableError: Redis does not answer; the reservation lapses by itself.
        """
        account = admission.account_id
        keys = [f"reserved:{account}", f"month:{account}", account_key(account), STREAM]
        arguments = [
            *(request_id, int(status in {200, 404}), "account", account, "status", status),
            *("cached", int(is_cached), "elapsed_ms", elapsed_ms, "video", video_id or ""),
        ]
        try:
            async with asyncio.timeout(PATIENCE_S):
                return int(await _settle.call(self._redis, keys, arguments))
        except (RedisError, OSError) as error:
            raise LimitsUnavailableError(str(error)) from error

    async def _ask(self, call: Call, key_digest: str) -> list[Any]:
        answer = await self._admitting.submit(call)
        if answer[0] == "load":
            await self._load(key_digest)
            answer = await self._admitting.submit(call)
        if answer[0] == "load":
            raise LimitsUnavailableError("Redis forgets what it was told")
        return answer

    async def _admit_all(self, calls: Sequence[Call]) -> list[list[Any] | Exception]:
        return await _admit.call_all(self._redis, calls)

    async def _load(self, key_digest: str) -> None:
        """Tell Redis of a key and its account; a lost month is restored from MongoDB."""
        key = await self._keys.find_by_digest(key_digest)
        if key is None:
            raise UnknownKeyError
        account = await self._accounts.find(key.account_id)
        start, end = period_of(account.created_at, now=datetime.now(UTC))
        charged = await self._usage.charged_since(account.id, start)
        fields = _of_key(key)
        await _load.call(
            self._redis,
            [cached_key(key_digest), account_key(account.id), f"month:{account.id}"],
            [
                *(CACHED_S, int(start.timestamp()), charged, len(fields), *fields),
                *_of_account(account, start, end),
            ],
        )


def _of_key(key: Key) -> list[Any]:
    expires_at = ceil(key.expires_at.timestamp()) if key.expires_at else ""
    allow = json.dumps(key.allow) if key.allow else ""
    return ["id", key.id, "account", key.account_id, "expires_at", expires_at, "allow", allow]


def _of_account(account: Account, start: datetime, end: datetime) -> list[Any]:
    plan = PLANS[account.plan]
    return [
        *("email", account.email, "plan", plan.name.value, "status", account.status.value),
        *("rate", plan.requests_per_minute, "month", plan.requests_per_month),
        *("country", int(plan.country_detection)),
        *("period_start", int(start.timestamp()), "period_end", int(end.timestamp())),
    ]


def _standing(answer: list[Any]) -> dict[str, Any]:
    return {
        "plan": PlanName(answer[2]),
        "limit": int(answer[3]),
        "remaining": int(answer[4]),
        "reset_at": ceil(int(answer[5]) / 1_000_000),
        "requests_remaining": int(answer[6]),
    }


def _refuse(answer: list[Any]) -> NoReturn:
    verdict = answer[0]
    if verdict == "expired":
        raise ExpiredKeyError
    standing = Standing(**_standing(answer))
    now_us = int(answer[7])
    if verdict == "rate":
        wait_s = max(1, ceil((int(answer[5]) - now_us) / 1_000_000))
        raise RateExceededError(standing, maximum=standing.limit, retry_after_s=wait_s)
    if verdict == "month":
        end = int(answer[8])
        raise MonthSpentError(
            standing,
            maximum=PLANS[standing.plan].requests_per_month,
            retry_after_s=max(1, end - now_us // 1_000_000),
            period_end=end,
        )
    refusals = {
        "suspended": SuspendedError,
        "address": AddressRefusedError,
        "country": CountryNotAvailableError,
    }
    raise refusals[verdict](standing)


def _is_allowed(address: str | None, allow: str) -> bool:
    try:
        caller = ip_address(address or "")
    except ValueError:
        return False
    return any(caller in ip_network(network) for network in json.loads(allow))
