from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from crawler.egress.ledger import Blocked, Ledger, Need, Policy
from crawler.egress.names import DIRECT
from crawler.egress.states import Breaker, State, states
from crawler.errors import Reason
from tests.crawler.egress.gates import a_policy

if TYPE_CHECKING:
    from redis.asyncio import Redis

JITTER = 0.1


def a_ledger(redis: Redis, policy: Policy | None = None, *, worker: str = "worker_1") -> Ledger:
    return Ledger(redis, policy or a_policy(), worker=worker)


async def block(ledger: Ledger, target: str, *, is_probe: bool = False) -> Blocked:
    return await ledger.block(DIRECT, [target], Reason.CAPTCHA, is_probe=is_probe, postpones=True)


async def state_of(redis: Redis) -> State:
    return (await states(redis, [DIRECT]))[DIRECT]


async def share_of(ledger: Ledger, *, wants: int = 64, has: int = 0) -> int:
    _, (grant,) = await ledger.hold([Need(egress=DIRECT, wants=wants, has=has)])
    return grant.share


async def test_as_long_as_pages_are_served_there_is_nothing_to_know(redis_client: Redis) -> None:
    assert await state_of(redis_client) == State()


async def test_a_first_block_halves_the_egress_and_postpones_its_target_alone(
    redis_client: Redis,
) -> None:
    ledger = a_ledger(redis_client)

    blocked = await block(ledger, "video:1")

    assert blocked.wait_s == 0
    assert blocked.delay_s == pytest.approx(60, rel=JITTER)
    state = await state_of(redis_client)
    assert (state.breaker, state.blocks, state.limit) == (Breaker.CLOSED, 1, 32)
    assert await share_of(ledger) == 32


async def test_a_target_is_postponed_for_longer_each_time_and_at_most_for_the_longest(
    redis_client: Redis,
) -> None:
    ledger = a_ledger(redis_client, a_policy(first_s=60, max_s=200, blocks=1000))

    delays = [(await block(ledger, "video:1")).delay_s for _ in range(4)]

    assert delays == [pytest.approx(each, rel=JITTER) for each in (60, 120, 200, 200)]


async def test_what_tiktok_names_itself_is_how_long_the_target_waits(redis_client: Redis) -> None:
    blocked = await a_ledger(redis_client).block(
        DIRECT, ["video:1"], Reason.UPSTREAM_BLOCKED, is_probe=False, postpones=True, named_s=7
    )

    assert blocked.delay_s == 7


async def test_the_breaker_opens_at_the_fifth_target_and_not_for_one_target_alone(
    redis_client: Redis,
) -> None:
    ledger = a_ledger(redis_client)
    for _ in range(9):
        assert (await block(ledger, "video:1")).wait_s == 0
    for number in range(2, 5):
        assert (await block(ledger, f"video:{number}")).wait_s == 0

    assert (await block(ledger, "video:5")).wait_s == pytest.approx(60, rel=JITTER)

    state = await state_of(redis_client)
    assert (state.breaker, state.blocks, state.reason) == (Breaker.OPEN, 5, "captcha")
    assert 54 <= state.retry_after_s <= 66
    assert state.limit == 2


async def test_blocks_that_are_long_ago_do_not_count(redis_client: Redis) -> None:
    ledger = a_ledger(redis_client, a_policy(blocks=2, window_s=0.05))
    await block(ledger, "video:1")
    await asyncio.sleep(0.06)

    assert (await block(ledger, "video:2")).wait_s == 0


async def test_a_served_page_resets_everything(redis_client: Redis) -> None:
    ledger = a_ledger(redis_client, a_policy(blocks=2))
    for number in range(2):
        await block(ledger, f"video:{number}")

    await ledger.serve(DIRECT)

    assert await state_of(redis_client) == State()
    assert await share_of(ledger) == 64
    assert (await block(ledger, "video:3")).wait_s == 0


async def test_an_open_breaker_lets_one_probe_pass_for_each_step(redis_client: Redis) -> None:
    ledger = a_ledger(redis_client, a_policy(blocks=1, first_s=0.1))
    other = a_ledger(redis_client, a_policy(blocks=1, first_s=0.1), worker="worker_2")
    first = (await block(ledger, "video:1")).wait_s
    assert 0 < await ledger.probe(DIRECT) <= first
    await asyncio.sleep(first + 0.01)
    assert (await state_of(redis_client)).breaker is Breaker.PROBING

    assert await ledger.probe(DIRECT) == -1
    assert 0 < await other.probe(DIRECT) <= 10

    second = (await block(ledger, "video:2", is_probe=True)).wait_s
    assert second == pytest.approx(0.2, rel=JITTER)
    assert 0 < await other.probe(DIRECT) <= second


async def test_pages_that_were_under_way_when_it_opened_do_not_lengthen_it(
    redis_client: Redis,
) -> None:
    ledger = a_ledger(redis_client, a_policy(blocks=1))
    await block(ledger, "video:1")

    waits = [(await block(ledger, f"video:{number}")).wait_s for number in range(2, 9)]

    assert max(waits) <= 66


async def test_a_probe_that_tells_nothing_makes_way_for_another(redis_client: Redis) -> None:
    ledger = a_ledger(redis_client, a_policy(blocks=1, first_s=0.01, probe_s=0.05))
    await block(ledger, "video:1")
    await asyncio.sleep(0.02)
    assert await ledger.probe(DIRECT) == -1
    await ledger.leave_probe(DIRECT)
    assert await ledger.probe(DIRECT) == -1

    # As if its worker had died.
    await asyncio.sleep(0.06)

    assert await ledger.probe(DIRECT) == -1


async def test_workers_share_what_an_egress_may_do(redis_client: Redis) -> None:
    policy = a_policy(concurrency=10)
    one, two = (a_ledger(redis_client, policy, worker=name) for name in ("one", "two"))
    assert await share_of(one, wants=10) == 10
    assert await share_of(two, wants=10) == 0
    # What the first still has under way cannot be another's.
    assert await share_of(one, wants=10, has=8) == 5
    assert await share_of(two, wants=10) == 2
    assert await share_of(one, wants=10, has=5) == 5
    assert await share_of(two, wants=10) == 5
    # Who wants little leaves the rest to the other.
    assert await share_of(two, wants=2) == 2
    assert await share_of(one, wants=10) == 8


async def test_what_cannot_be_divided_goes_round(redis_client: Redis) -> None:
    policy = a_policy(concurrency=1)
    ledgers = [a_ledger(redis_client, policy, worker=name) for name in ("one", "two", "three")]
    served: set[int] = set()
    async with asyncio.timeout(10):
        while len(served) < 3:
            shares = [await share_of(ledger, wants=5) for ledger in ledgers]
            assert sum(shares) <= 1
            served |= {place for place, share in enumerate(shares) if share}
            await asyncio.sleep(0.1)


async def test_the_share_of_a_dead_worker_lapses(
    redis_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.egress.ledger.LAPSE_S", 0.05)
    dead, heir = (a_ledger(redis_client, worker=name) for name in ("dead", "heir"))
    await share_of(dead, wants=64)
    assert await share_of(heir, wants=64) == 0

    await asyncio.sleep(0.06)

    assert await share_of(heir, wants=64) == 64


async def test_the_share_of_a_worker_that_leaves_is_free_at_once(redis_client: Redis) -> None:
    leaving, staying = (a_ledger(redis_client, worker=name) for name in ("one", "two"))
    await share_of(leaving)

    await leaving.give_up([DIRECT])

    assert await share_of(staying) == 64


async def test_bulk_pages_of_all_workers_leave_one_after_another(redis_client: Redis) -> None:
    policy = a_policy(delay_s=5)
    ledgers = [a_ledger(redis_client, policy, worker=name) for name in ("one", "two")]

    waits = [await ledger.pace(DIRECT) for ledger in ledgers * 2]

    assert waits == [pytest.approx(each, abs=1) for each in (0, 5, 10, 15)]


async def test_no_secret_is_in_a_key(redis_client: Redis) -> None:
    await block(a_ledger(redis_client), "video:1")
    await share_of(a_ledger(redis_client))

    keys = {key async for key in redis_client.scan_iter("*")}

    assert keys == {
        "egress:direct",
        "egress:direct:blocks",
        "egress:direct:shares",
        "egress:postponed",
        "postponed:video:1",
    }
    for key in keys:
        assert await redis_client.ttl(key) >= 0
