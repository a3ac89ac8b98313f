"""What the account and key commands work with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from accounts.accounts import Account, Accounts
    from accounts.audit import Audit
    from accounts.key import Key
    from accounts.keys import Keys

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Accounts and keys on the databases of this installation."""

    accounts: Accounts
    keys: Keys
    audit: Audit


def at_desk(act: Callable[[Desk], Awaitable[T]]) -> T:
    """Do something with accounts and keys, on the databases that run or on own ones."""
    from services.running import attached
    from settings.env import read_environment

    with attached(read_environment()) as environment:
        return asyncio.run(_act(act, environment.mongodb_uri or "", environment.redis_url or ""))


def check_told(changed: Account | Key) -> None:
    """End with an error if a change is kept, but not seen by the API yet.

    Raises:
        ServiceError: Redis did not answer.
    """
    from services.errors import ServiceError

    if not changed.is_told:
        raise ServiceError(
            f"Redis does not answer: the change of {changed.id} is kept, and the API sees it within"
            " a second of Redis answering again"
        )


async def _act(act: Callable[[Desk], Awaitable[T]], uri: str, url: str) -> T:
    from accounts.accounts import Accounts
    from accounts.audit import Audit
    from accounts.collections import prepare
    from accounts.keys import Keys
    from services import mongodb, redis

    async with mongodb.connect(uri) as client, redis.connect(url) as cache:
        database = mongodb.database(client, uri)
        await prepare(database)
        desk = Desk(
            accounts=Accounts(database, cache), keys=Keys(database, cache), audit=Audit(database)
        )
        return await act(desk)
