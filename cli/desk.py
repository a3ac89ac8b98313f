"""What the account and key commands work with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from accounts.accounts import Accounts
    from accounts.keys import Keys

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Accounts and keys on the databases of this installation."""

    accounts: Accounts
    keys: Keys


def at_desk(act: Callable[[Desk], Awaitable[T]]) -> T:
    """Do something with accounts and keys, on the databases that run or on own ones."""
    from services.running import attached
    from settings.env import read_environment

    with attached(read_environment()) as environment:
        return asyncio.run(_act(act, environment.mongodb_uri or "", environment.redis_url or ""))


async def _act(act: Callable[[Desk], Awaitable[T]], uri: str, url: str) -> T:
    from accounts.accounts import Accounts
    from accounts.collections import prepare
    from accounts.keys import Keys
    from services import mongodb, redis

    async with mongodb.connect(uri) as client, redis.connect(url) as cache:
        database = mongodb.database(client, uri)
        await prepare(database)
        return await act(Desk(accounts=Accounts(database, cache), keys=Keys(database, cache)))
