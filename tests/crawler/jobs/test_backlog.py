from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from crawler.jobs import backlog
from crawler.jobs.backlog import Backlog, Due
from crawler.jobs.keeping import TRIES, Keeping
from services.scripts import call_all

if TYPE_CHECKING:
    from redis.asyncio import Redis

LEASE_S = 60.0


@pytest.fixture
def posts(redis_client: Redis) -> Backlog:
    return Backlog(redis_client)


async def add(redis: Redis, *video_ids: str) -> None:
    await call_all(redis, [backlog.due(video_id) for video_id in video_ids])


async def test_a_post_is_there_once_and_with_one_worker(
    posts: Backlog, redis_client: Redis
) -> None:
    await add(redis_client, "1", "2", "1")

    taken = await posts.take(5, lease_s=LEASE_S)
    await add(redis_client, "1")

    assert {(due.video_id, due.tries) for due in taken} == {("1", 1), ("2", 1)}
    assert await posts.take(5, lease_s=LEASE_S) == []
    assert await posts.size() == 2


async def test_what_a_dead_worker_had_is_due_when_its_lease_ends(
    posts: Backlog, redis_client: Redis
) -> None:
    await add(redis_client, "1")
    await posts.take(1, lease_s=LEASE_S)

    await posts.put_off(["1"], for_s=0)  # as the passing of the lease would have it

    assert await posts.take(1, lease_s=LEASE_S) == [Due(video_id="1", tries=2)]


async def test_a_post_that_has_ended_is_not_put_off(posts: Backlog, redis_client: Redis) -> None:
    await add(redis_client, "1")
    await posts.end("1")

    await posts.put_off(["1"], for_s=0)

    assert await posts.take(1, lease_s=LEASE_S) == []
    assert await redis_client.exists(backlog.TRIES) == 0


async def test_no_more_are_in_hand_than_there_are_slots(
    posts: Backlog, redis_client: Redis
) -> None:
    await add(redis_client, "1", "2", "3")
    async with Keeping(posts, slots=2) as keeping:
        coming = keeping.posts()
        first, _ = await anext(coming), await anext(coming)
        third = asyncio.ensure_future(anext(coming))
        await asyncio.sleep(0)
        assert (keeping.in_hand, third.done()) == (2, False)

        await keeping.end(first)

        assert (await asyncio.wait_for(third, 10)).video_id == "3"
        assert await posts.size() == 2


async def test_a_failed_post_is_put_off_and_given_up_in_the_end(
    posts: Backlog, redis_client: Redis
) -> None:
    await add(redis_client, "1")
    async with Keeping(posts, slots=1, first_pause_s=0.0) as keeping:
        coming = keeping.posts()
        for tries in range(1, TRIES + 1):
            due = await asyncio.wait_for(anext(coming), 10)
            assert due.tries == tries
            due.problems.append("music: answered 403")
            assert await keeping.end(due) == (tries < TRIES)

    assert await posts.size() == 0


async def test_the_next_try_is_not_at_once(posts: Backlog, redis_client: Redis) -> None:
    await add(redis_client, "1")
    async with Keeping(posts, slots=1) as keeping:
        due = await anext(keeping.posts())
        due.problems.append("music: answered 403")
        await keeping.end(due)

    assert await posts.take(1, lease_s=LEASE_S) == []
    assert await posts.size() == 1


async def test_closing_waits_for_what_is_in_hand_and_says_what_is_left(
    posts: Backlog, redis_client: Redis
) -> None:
    await add(redis_client, "1")
    async with Keeping(posts, slots=1) as keeping:
        due = await anext(keeping.posts())
        assert not await keeping.close(within_s=0.01)

        closing = asyncio.ensure_future(keeping.close(within_s=10))
        await keeping.end(due)

        assert await closing
        assert [due async for due in keeping.posts()] == []
