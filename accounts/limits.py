"""Admitting and settling calls: rate, month and usage, each in one round trip to Redis.

What an admission needs of keys and accounts is cached in Redis; what is changed is deleted there,
so that every process sees it at once.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from accounts.cached import CHANGES, cached_key
from accounts.errors import LimitsUnavailableError, Standing, UnknownKeyError
from accounts.loading import Loader
from accounts.networks import are_open_to
from accounts.strangers import Strangers
from accounts.usage import STREAM
from accounts.verdicts import refuse, standing_of
from services.scripts import Script
from settings.plans import PLANS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.accounts import Accounts
    from accounts.keys import Keys
    from accounts.usage import Usage
    from services.wire import Wire, Word

PATIENCE_S = 0.9
"""How long the databases may take before nobody is admitted."""

_TRIES = 5
_ADDRESS_IS_ALLOWED = 5
_admit, _settle = (Script(Path(__file__).with_name(f"{name}.lua")) for name in ("admit", "settle"))


@dataclass(slots=True, kw_only=True)
class Admission(Standing):
    """A call that is admitted."""

    account_id: str
    key_id: str
    is_charged: bool
    """Whether the cache had the answer, so that it is charged already."""
    cached: Sequence[bytes | None] = ()
    """The values of the cache fields that were asked for."""


class Limits:
    """The limits of all accounts; one for each process."""

    def __init__(
        self,
        wire: Wire,
        accounts: Accounts,
        keys: Keys,
        usage: Usage,
        *,
        reservation_s: float,
        window_s: float = 60,
    ) -> None:
        self._wire = wire
        self._loader = Loader(wire, accounts, keys, usage)
        self._strangers = Strangers(wire, window_s=window_s)
        self._loads: dict[str, asyncio.Task[None]] = {}
        self._reservation_ms = int(reservation_s * 1000)
        self._window_ms = int(window_s * 1000)

    async def admit(
        self,
        *,
        key_digest: str,
        request_id: str,
        cost: int,
        cache_key: str | None = None,
        cache_fields: Sequence[str] = (),
        max_age: int | None = None,
        needs_country: bool = False,
        address: str | None = None,
    ) -> Admission:
        """Admit a call and read what is cached for it.

        When the cache has all of ``cache_fields`` but the last, or the last, which is the reason
        of an absence, the call is charged at once; else its cost is reserved until it is settled.
        What is cached counts only when it is younger than ``max_age`` seconds, if that is given.

        Raises:
            AccountsError: the call is not admitted; the subclass says why.
        """
        arguments: list[Word] = [
            *(request_id, cost, self._window_ms, self._reservation_ms, int(needs_country), "0"),
            cache_key.partition(":")[2] if cache_key else "",
            "" if max_age is None else max_age,
            *(cache_fields or ("",)),
        ]
        keys = [cached_key(key_digest), STREAM, CHANGES, cache_key or ""]
        began = monotonic()
        try:
            answer = await self._wire.run(_admit, keys, arguments)
            if answer[0] in {b"load", b"address"}:
                async with asyncio.timeout(PATIENCE_S - (monotonic() - began)):
                    answer = await self._insist(answer, keys, arguments, key_digest, address)
        except (RedisError, PyMongoError, OSError) as error:
            raise LimitsUnavailableError(str(error) or "no answer in time") from error
        if answer[0] not in {b"admitted", b"charged", b"reserved"}:
            refuse(answer)
        return Admission(
            *standing_of(answer),
            account_id=answer[1].decode(),
            key_id=answer[8].decode(),
            is_charged=answer[0] == b"charged",
            cached=answer[9:],
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
        account_id = admission.account_id
        keys = [f"settled:{request_id}", f"reserved:{account_id}", f"month:{account_id}", STREAM]
        arguments: list[Word] = [
            *(request_id, int(status in {200, 404}), PLANS[admission.plan].requests_per_month),
            *(account_id, status, int(is_cached), elapsed_ms, video_id or "", admission.key_id),
        ]
        try:
            return int(await self._wire.run(_settle, keys, arguments))
        except (RedisError, OSError) as error:
            raise LimitsUnavailableError(str(error) or "no answer in time") from error

    async def _insist(
        self,
        answer: list[Any],
        keys: list[str],
        arguments: list[Word],
        key_digest: str,
        address: str | None,
    ) -> list[Any]:
        """Ask again with what the script could not know by itself."""
        for _ in range(_TRIES):
            if answer[0] == b"load":
                await self._join_load(answer, key_digest, address)
            elif answer[0] == b"address" and are_open_to(json.loads(answer[8]), address):
                arguments[_ADDRESS_IS_ALLOWED] = "1"
            else:
                return answer
            answer = await self._wire.run(_admit, keys, arguments)
        if answer[0] == b"load":
            raise LimitsUnavailableError("Redis forgets what it was told")
        return answer

    async def _join_load(self, answer: list[Any], key_digest: str, address: str | None) -> None:
        """Wait for the load of a key; all calls that come with it meanwhile share one."""
        task = self._loads.get(key_digest)
        if task is None:
            task = asyncio.create_task(self._load(answer, key_digest, address))
            self._loads[key_digest] = task
            task.add_done_callback(lambda done: self._end_load(key_digest, done))
        await asyncio.shield(task)

    def _end_load(self, key_digest: str, task: asyncio.Task[None]) -> None:
        del self._loads[key_digest]
        if not task.cancelled():
            task.exception()  # whoever waited has it; perhaps nobody has waited that long

    async def _load(self, answer: list[Any], key_digest: str, address: str | None) -> None:
        """Have MongoDB read for the script, unless the caller's address has had it read enough."""
        is_counted = await self._strangers.count(address, key_digest)
        now = datetime.fromtimestamp(answer[1] / 1_000_000, UTC)
        try:
            await self._loader.load(key_digest, now=now, changes=answer[2].decode())
        except UnknownKeyError:
            await self._strangers.turn_away(key_digest)
            raise
        await self._strangers.welcome(address, key_digest, is_counted=is_counted)
