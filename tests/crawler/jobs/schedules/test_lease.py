from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from crawler.jobs.schedules.lease import Lease
from services import redis

if TYPE_CHECKING:
    from redis.asyncio import Redis

KEY = "a:lease"


async def test_one_of_two_holds_a_lease(redis_client: Redis) -> None:
    one, other = Lease(redis_client, KEY), Lease(redis_client, KEY)
    assert [await one.hold(), await other.hold(), await one.hold()] == [True, False, True]


async def test_another_holds_it_once_it_is_given_back(redis_client: Redis) -> None:
    one, other = Lease(redis_client, KEY), Lease(redis_client, KEY)
    await one.hold()
    await other.leave()
    assert not await other.hold()
    await one.leave()
    assert await other.hold()


async def test_another_holds_it_once_it_has_lapsed(redis_client: Redis) -> None:
    one, other = Lease(redis_client, KEY, lease_s=0.05), Lease(redis_client, KEY)
    assert await one.hold()
    while not await other.hold():
        await asyncio.sleep(0.01)
    assert not await one.hold()


async def test_without_redis_all_work() -> None:
    async with redis.connect("redis://127.0.0.1:1") as client:
        lease = Lease(client, KEY)
        assert await lease.hold()
        await lease.leave()
