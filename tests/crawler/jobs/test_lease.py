from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from crawler.jobs.lease import Lease, Taken

if TYPE_CHECKING:
    from redis.asyncio import Redis

NAME = "of_a_test"


async def test_one_of_two_has_a_lease(redis_client: Redis) -> None:
    one, other = Lease(redis_client, NAME), Lease(redis_client, NAME)
    taken = [await one.take(), await other.take(), await one.take()]
    assert taken == [Taken.ANEW, Taken.NOT, Taken.RENEWED]
    assert [one.is_held, other.is_held] == [True, False]


async def test_another_has_it_once_it_is_let_go(redis_client: Redis) -> None:
    one, other = Lease(redis_client, NAME), Lease(redis_client, NAME)
    await one.take()
    await other.let_go()
    assert not await other.take()
    await one.let_go()
    assert await other.take()


async def test_another_has_it_once_it_has_lapsed(redis_client: Redis) -> None:
    one, other = Lease(redis_client, NAME, ttl_s=0.05), Lease(redis_client, NAME)
    assert await one.take()
    while not await other.take():
        await asyncio.sleep(0.01)
    assert not await one.take()
