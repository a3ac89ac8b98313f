"""Charging the items that crawls deliver: one request of the month each.

What is charged is written in the transaction that writes the items, so neither is ever there
without the other. Redis, by which calls are admitted, is told what that comes to: a number that
only grows, so telling it twice, late or after a crash changes nothing. One process at a time
charges.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accounts.accounts import Accounts
from accounts.billing import period_of
from accounts.collections import USAGE_DAYS
from accounts.errors import UnknownAccountError
from accounts.usage import Usage
from services.scripts import Script
from settings.plans import PLANS

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from accounts.accounts import Account
    from services.mongodb import Document

HELD_S = 15
"""How long requests are held for items that are being written."""

_hold, _items = (Script(Path(__file__).with_name(f"{name}.lua")) for name in ("hold", "items"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Requests of an account's month that are held for items."""

    account_id: str
    granted: int
    """For how many items the month is enough."""
    start: datetime
    """When the billing period began."""
    at: datetime


class Charging:
    """What items cost the accounts whose crawls deliver them."""

    def __init__(self, database: AsyncDatabase[Document], redis: Redis) -> None:
        self._days = database[USAGE_DAYS]
        self._accounts = Accounts(database)
        self._usage = Usage(redis, database)
        self._redis = redis

    async def hold(self, account_id: str, count: int) -> Charge:
        """Hold up to ``count`` requests; fewer when the month has no more, none without an account.

        Raises:
            RedisError, PyMongoError: a database does not answer.
        """
        now = datetime.now(UTC)
        try:
            account = await self._accounts.find(account_id)
        except UnknownAccountError:
            return Charge(account_id=account_id, granted=0, start=now, at=now)
        start, _ = period_of(account.created_at, now=now)
        granted = await self._hold(account, start, count)
        return Charge(account_id=account_id, granted=granted, start=start, at=now)

    async def write(
        self, charge: Charge, count: int, *, cached: int, session: AsyncClientSession
    ) -> int:
        """Charge ``count`` items, of which ``cached`` needed no crawl, in a transaction.

        Returns:
            How many items the period has by then.
        """
        date = f"{charge.at:%Y-%m-%d}"
        counts = dict.fromkeys(("total", "successful", "charged", "items"), count)
        await self._days.update_one(
            {"_id": f"{charge.account_id}:{date}"},
            {
                "$inc": {**counts, "failed": 0, "cached": cached, "elapsed_ms": 0},
                "$max": {"last_request_at": charge.at},
                "$setOnInsert": {"account_id": charge.account_id, "date": date},
            },
            upsert=True,
            session=session,
        )
        return await self._usage.items_since(charge.account_id, charge.start, session)

    async def settle(self, charge: Charge, items: int) -> None:
        """Tell Redis how many items the period has, once that is written.

        Raises:
            RedisError, PyMongoError: it is not told; :meth:`tell` makes up for that.
        """
        await self._tell(charge.account_id, charge.start, items)

    async def tell(self, account_id: str) -> None:
        """Tell Redis anew what MongoDB knows, as after a crash between writing and telling.

        Raises:
            RedisError, PyMongoError: a database does not answer.
        """
        try:
            account = await self._accounts.find(account_id)
        except UnknownAccountError:
            return
        start, _ = period_of(account.created_at, now=datetime.now(UTC))
        await self._tell(account_id, start, await self._usage.items_since(account_id, start))

    async def left(self, account_id: str) -> int:
        """How many requests of the month are left.

        Raises:
            UnknownAccountError: there is no such account.
            RedisError, PyMongoError: a database does not answer.
        """
        account = await self._accounts.find(account_id)
        start, _ = period_of(account.created_at, now=datetime.now(UTC))
        charged = await self._usage.charged_since(account_id, start)
        items = await self._usage.items_since(account_id, start)
        return max(0, PLANS[account.plan].requests_per_month - charged - items)

    async def _hold(self, account: Account, start: datetime, count: int) -> int:
        arguments: list[Any] = [
            *(_unix(start), PLANS[account.plan].requests_per_month, count, HELD_S),
        ]
        keys = [f"month:{account.id}", f"reserved:{account.id}"]
        held = int(await _hold.call(self._redis, keys, arguments))
        if held < 0:
            await self._tell(account.id, start, await self._usage.items_since(account.id, start))
            held = int(await _hold.call(self._redis, keys, arguments))
        return max(0, held)

    async def _tell(self, account_id: str, start: datetime, items: int) -> None:
        keys = [f"month:{account_id}"]
        if not await _items.call(self._redis, keys, [_unix(start), items, ""]):
            charged = await self._usage.charged_since(account_id, start)
            await _items.call(self._redis, keys, [_unix(start), items, charged])


def _unix(moment: datetime) -> int:
    return int(moment.timestamp())
