from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from accounts.accounts import Status
from accounts.errors import LimitsUnavailableError, UnknownKeyError
from accounts.keys import Keys
from accounts.usage import Drainer, Usage

if TYPE_CHECKING:
    from accounts.key import Key
    from services.wire import Wire
    from tests.accounts.conftest import Desk

FAR_AHEAD = "9999999999999-7"


async def spend(desk: Desk, key: str, count: int) -> None:
    for number in range(count):
        admission = await desk.admit(key, cost=1, request_id=f"req_{count}_{number}")
        await desk.settle(admission, f"req_{count}_{number}")


async def test_a_month_that_redis_has_lost_is_restored_from_the_usage(desk: Desk) -> None:
    _, key = await desk.caller()
    await spend(desk, key, 7)
    await Drainer(desk.redis, desk.database).drain()
    await desk.redis.flushall()

    assert (await desk.admit(key)).requests_remaining == 43


async def test_a_month_is_restored_with_what_is_not_drained_yet(desk: Desk) -> None:
    account, key = await desk.caller()
    _, other = await desk.caller()
    await spend(desk, key, 4)
    await Drainer(desk.redis, desk.database).drain()
    await spend(desk, key, 3)
    await spend(desk, other, 2)
    await desk.redis.delete(f"month:{account.id}")

    assert (await desk.admit(key)).requests_remaining == 43


async def test_a_month_restored_while_it_is_drained_is_exact(desk: Desk) -> None:
    class Overtaken(Usage):
        async def _drained_since(self, account_id: str, start: datetime) -> int:
            charged = await super()._drained_since(account_id, start)
            await Drainer(desk.redis, desk.database).drain()
            return charged

    account, key = await desk.caller()
    await spend(desk, key, 6)
    usage = Overtaken(desk.redis, desk.database)

    assert await usage.charged_since(account.id, datetime.now(UTC) - timedelta(days=2)) == 6


async def test_what_is_settled_while_redis_has_lost_everything_is_counted(desk: Desk) -> None:
    _, key = await desk.caller()
    admission = await desk.admit(key, cost=1, request_id="req_a")
    await desk.redis.flushall()

    await desk.settle(admission, "req_a")

    assert (await desk.admit(key)).requests_remaining == 49


async def test_a_new_period_begins_with_what_was_used_in_it(desk: Desk) -> None:
    account, key = await desk.caller()
    await spend(desk, key, 1)
    now = int(datetime.now(UTC).timestamp())
    await desk.redis.hset(f"account:{account.id}", mapping={"period_end": now - 1})
    await desk.redis.hset(f"month:{account.id}", mapping={"period": now - 99, "charged": 50})

    assert (await desk.admit(key)).requests_remaining == 49


async def test_events_after_a_loss_are_drained_though_the_clock_is_behind(desk: Desk) -> None:
    _, key = await desk.caller()
    await desk.database.usage_drains.insert_one({"_id": "usage", "position": FAR_AHEAD})

    await spend(desk, key, 2)

    assert await Drainer(desk.redis, desk.database).drain() == 2


async def test_a_key_revoked_while_it_is_read_is_not_cached(desk: Desk, wire: Wire) -> None:
    class Overtaken(Keys):
        async def find_by_digest(self, key_digest: str) -> Key | None:
            found = await super().find_by_digest(key_digest)
            if found is not None:
                await self.revoke(found.id)
            return found

    _, key = await desk.caller()
    limits = desk.limits_over(wire, keys=Overtaken(desk.database, desk.redis))

    with pytest.raises(UnknownKeyError):
        await limits.admit(key_digest=key, request_id="req_a", cost=0)


async def test_an_account_that_never_stops_changing_is_not_admitted(desk: Desk, wire: Wire) -> None:
    class Restless(Keys):
        async def find_by_digest(self, key_digest: str) -> Key | None:
            found = await super().find_by_digest(key_digest)
            await desk.accounts.set_status("caller1@example.com", Status.ACTIVE)
            return found

    _, key = await desk.caller()
    limits = desk.limits_over(wire, keys=Restless(desk.database, desk.redis))

    with pytest.raises(LimitsUnavailableError):
        await limits.admit(key_digest=key, request_id="req_a", cost=0)


async def test_a_key_whose_account_is_gone_is_unknown(desk: Desk) -> None:
    account, key = await desk.caller()
    await desk.database.accounts.delete_one({"_id": account.id})

    with pytest.raises(UnknownKeyError):
        await desk.admit(key)


async def test_what_is_cached_is_forgotten_by_itself(desk: Desk) -> None:
    account, key = await desk.caller()
    await desk.admit(key)

    for name in (f"key:{key}", f"account:{account.id}"):
        assert 0 < await desk.redis.ttl(name) <= 300
    for name in (f"rate:{account.id}", f"month:{account.id}"):
        assert await desk.redis.ttl(name) == -1
