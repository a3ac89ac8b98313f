from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from accounts.accounts import Account, Accounts
from accounts.collections import prepare
from accounts.keys import Keys, digest
from accounts.limits import Admission, Limits
from accounts.usage import Usage
from services.wire import Wire
from settings.plans import PlanName

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from accounts.subscribers import Subscribers
    from services.mongodb import Document

WINDOW_S = 0.4
RESERVATION_S = 0.3


@dataclass
class Desk:
    """All of accounts on real servers, with short windows."""

    accounts: Accounts
    keys: Keys
    usage: Usage
    redis: Redis
    database: AsyncDatabase[Document]
    count: int = 0
    limits: Limits = field(init=False)

    def limits_over(
        self, wire: Wire, *, keys: Keys | None = None, subscribers: Subscribers | None = None
    ) -> Limits:
        return Limits(
            wire,
            self.accounts,
            keys or self.keys,
            self.usage,
            reservation_s=RESERVATION_S,
            window_s=WINDOW_S,
            subscribers=subscribers,
        )

    async def caller(self, plan: PlanName = PlanName.FREE, **options: Any) -> tuple[Account, str]:
        """A new account and the digest of its key."""
        self.count += 1
        account = await self.accounts.create(f"caller{self.count}@example.com", plan)
        _, secret = await self.keys.issue(account.id, **options)
        return account, digest(secret)

    async def admit(self, key_digest: str, *, cost: int = 0, **options: Any) -> Admission:
        self.count += 1
        options.setdefault("request_id", f"req_{self.count}")
        return await self.limits.admit(key_digest=key_digest, cost=cost, **options)

    async def settle(self, admission: Admission, request_id: str, status: int = 200) -> int:
        return await self.limits.settle(
            admission,
            request_id=request_id,
            status=status,
            video_id="7106594312292453675",
            is_cached=False,
            elapsed_ms=12,
        )


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Databases may take their time, for the machine is busy with other tests."""
    if request.node.get_closest_marker("hasty") is None:
        for place in ("accounts.limits.PATIENCE_S", "accounts.cached._PATIENCE_S"):
            monkeypatch.setattr(place, 10.0)


@pytest.fixture
async def wire(redis_url: str) -> AsyncIterator[Wire]:
    async with Wire(redis_url, timeout_s=10) as wire:
        yield wire


@pytest.fixture
async def desk(database: AsyncDatabase[Document], redis_client: Redis, wire: Wire) -> Desk:
    await prepare(database)
    accounts, keys = Accounts(database, redis_client), Keys(database, redis_client)
    desk = Desk(accounts, keys, Usage(redis_client, database), redis_client, database)
    desk.limits = desk.limits_over(wire)
    return desk
