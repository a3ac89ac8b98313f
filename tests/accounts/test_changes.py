from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from accounts.accounts import Accounts, Status
from accounts.changes import Changes
from accounts.errors import SuspendedError, UnknownKeyError
from accounts.keys import Keys
from services import redis
from settings.plans import PlanName

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

    from tests.accounts.conftest import Desk


@pytest.fixture
async def gone() -> AsyncIterator[Redis]:
    """A Redis that does not answer."""
    client = redis.connect("redis://127.0.0.1:1", timeout_s=0.1)
    client.set_retry(Retry(NoBackoff(), 0))
    yield client
    await client.aclose()


async def untold(desk: Desk) -> int:
    return await desk.database.audit.count_documents({"untold": {"$exists": True}})


async def test_a_revocation_that_redis_did_not_hear_of_says_so_and_is_told_later(
    desk: Desk, gone: Redis
) -> None:
    account, key = await desk.caller()
    await desk.admit(key)
    (issued,) = await desk.keys.list(account.id)

    revoked = await Keys(desk.database, gone).revoke(issued.id)

    assert revoked.revoked_at is not None
    assert not revoked.is_told
    assert (await desk.admit(key)).key_id == issued.id  # what Redis has is still the old record
    assert await Changes(desk.database, desk.redis).tell() == 1
    with pytest.raises(UnknownKeyError):
        await desk.admit(key)
    assert await untold(desk) == 0


async def test_a_suspension_that_redis_did_not_hear_of_is_told_by_whoever_can(
    desk: Desk, gone: Redis
) -> None:
    account, key = await desk.caller()
    await desk.admit(key)
    suspended = await Accounts(desk.database, gone).set_status(account.id, Status.SUSPENDED)
    assert not suspended.is_told

    async with Changes(desk.database, desk.redis).telling(), asyncio.timeout(10):
        while await untold(desk):
            await asyncio.sleep(0.01)

    with pytest.raises(SuspendedError):
        await desk.admit(key)


async def test_nothing_is_struck_before_redis_has_heard_it(desk: Desk, gone: Redis) -> None:
    account, _ = await desk.caller()
    await Accounts(desk.database, gone).set_plan(account.id, PlanName.PRO)

    with pytest.raises(RedisError):
        await Changes(desk.database, gone).tell()

    assert await untold(desk) == 1


@pytest.mark.hasty
async def test_telling_goes_on_while_redis_is_away(desk: Desk, gone: Redis) -> None:
    account, _ = await desk.caller()
    await Accounts(desk.database, gone).set_plan(account.id, PlanName.PRO)

    async with Changes(desk.database, gone).telling():
        await asyncio.sleep(0.1)
        assert await untold(desk) == 1


async def test_a_repeated_revocation_tells_redis_again(desk: Desk, gone: Redis) -> None:
    account, key = await desk.caller()
    await desk.admit(key)
    (issued,) = await desk.keys.list(account.id)
    first = await Keys(desk.database, gone).revoke(issued.id)

    again = await desk.keys.revoke(issued.id)

    assert (first.is_told, again.is_told) == (False, True)
    assert again.revoked_at == first.revoked_at
    with pytest.raises(UnknownKeyError):
        await desk.admit(key)


async def test_what_was_told_at_once_leaves_nothing_to_tell(desk: Desk) -> None:
    account, _ = await desk.caller()

    assert (await desk.accounts.set_plan(account.id, PlanName.PRO)).is_told
    assert await untold(desk) == 0
    assert await Changes(desk.database, desk.redis).tell() == 0


async def test_changes_of_the_same_at_the_same_time_all_land(desk: Desk) -> None:
    account, _ = await desk.caller()
    (issued,) = await desk.keys.list(account.id)

    await asyncio.gather(
        *(desk.keys.edit(issued.id, {"label": f"label {number}"}) for number in range(8))
    )

    labels = [
        record["after"]["label"]
        async for record in desk.database.audit.find({"what": "key_changed"}).sort("_id")
    ]
    assert sorted(labels) == [f"label {number}" for number in range(8)]
