from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from crawler.egress.names import DIRECT
from crawler.egress.states import Breaker, states
from crawler.errors import Reason
from crawler.jobs.records import Lane
from tests.crawler.egress.gates import a_gate, a_policy

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from crawler.egress.gate import Gate, Passage

PROXIES = ("one:80", "two:80", "three:80")


async def enter(gate: Gate, lane: Lane = Lane.DEMAND) -> Passage:
    passage = await gate.enter(lane)
    assert passage is not None
    return passage


async def block(gate: Gate, passage: Passage, number: int) -> None:
    gate.leave(passage)
    await gate.block(passage, [f"video:{number}"], Reason.CAPTCHA, postpones=False)


async def block_all(gate: Gate, count: int) -> None:
    for number in range(count):
        await block(gate, await enter(gate), number)


async def until_open(gate: Gate) -> None:
    async with asyncio.timeout(5):
        while gate.is_shut:
            await asyncio.sleep(0.01)


async def test_egresses_take_turns(redis_client: Redis) -> None:
    gate = a_gate(redis_client, egresses=PROXIES)
    await gate.refresh(wants=4)

    names = [(await enter(gate)).way.name for _ in range(6)]

    assert names == [*PROXIES, *PROXIES]


async def test_no_more_pass_than_the_share_allows(redis_client: Redis) -> None:
    gate = a_gate(redis_client, egresses=PROXIES[:2], policy=a_policy(concurrency=2))
    await gate.refresh(wants=9)
    passages = [await enter(gate) for _ in range(4)]
    assert not gate.has_room(Lane.DEMAND)
    assert await gate.enter(Lane.DEMAND) is None

    gate.leave(passages[1])

    assert (await enter(gate)).way is passages[1].way


async def test_an_open_breaker_is_left_out_of_the_rotation(redis_client: Redis) -> None:
    gate = a_gate(redis_client, egresses=PROXIES, policy=a_policy(blocks=1))
    await gate.refresh(wants=9)

    await block(gate, await enter(gate), 1)

    assert not gate.is_shut
    assert {(await enter(gate)).way.name for _ in range(4)} == set(PROXIES[1:])


async def test_the_gate_is_shut_when_all_breakers_are_open(redis_client: Redis) -> None:
    gate = a_gate(redis_client, egresses=PROXIES, policy=a_policy(blocks=1))
    await gate.refresh(wants=9)
    await block_all(gate, 3)

    assert gate.is_shut
    assert 50 < gate.wait_s < 67


async def test_another_worker_learns_of_it(redis_client: Redis) -> None:
    policy = a_policy(blocks=2)
    one = a_gate(redis_client, policy=policy)
    two = a_gate(redis_client, policy=policy, worker="worker_2")
    await one.refresh(wants=9)
    await block_all(one, 2)

    await two.refresh(wants=9)
    assert two.is_shut

    passage = await one.enter(Lane.DEMAND)
    assert passage is None


async def test_one_of_all_workers_probes_and_its_served_page_opens_the_gate(
    redis_client: Redis,
) -> None:
    policy = a_policy(blocks=1, first_s=0.05)
    one = a_gate(redis_client, policy=policy)
    two = a_gate(redis_client, policy=policy, worker="worker_2")
    await one.refresh(wants=9)
    await block_all(one, 1)
    await two.refresh(wants=9)
    await until_open(one)
    await until_open(two)

    probe = await enter(one)
    assert probe.is_probe
    assert await two.enter(Lane.DEMAND) is None
    assert two.is_shut
    assert one.is_shut

    await one.serve(probe)
    await two.refresh(wants=9)

    assert not (await enter(one)).is_probe
    assert not (await enter(two)).is_probe


async def test_a_blocked_probe_shuts_the_gate_for_twice_as_long(redis_client: Redis) -> None:
    gate = a_gate(redis_client, policy=a_policy(blocks=1, first_s=0.05))
    await gate.refresh(wants=9)
    await block_all(gate, 1)
    await until_open(gate)

    await block(gate, await enter(gate), 2)

    assert gate.wait_s > 0.06


async def test_a_probe_that_tells_nothing_is_followed_by_another(redis_client: Redis) -> None:
    gate = a_gate(redis_client, policy=a_policy(blocks=1, first_s=0.05))
    await gate.refresh(wants=9)
    await block_all(gate, 1)
    await until_open(gate)
    probe = await enter(gate)
    gate.leave(probe)

    await gate.conclude(probe)

    assert (await enter(gate)).is_probe


async def test_a_served_page_costs_no_round_trip_while_all_is_well(redis_client: Redis) -> None:
    gate = a_gate(redis_client)
    await gate.refresh(wants=9)
    calls = (await redis_client.info("stats"))["total_commands_processed"]

    for _ in range(50):
        passage = await enter(gate)
        await gate.serve(passage)
        gate.leave(passage)

    assert (await redis_client.info("stats"))["total_commands_processed"] - calls == 1


async def test_a_served_page_is_told_to_all_after_a_block(redis_client: Redis) -> None:
    gate = a_gate(redis_client)
    await gate.refresh(wants=64)
    await block_all(gate, 1)
    await gate.refresh(wants=64)
    assert gate.share == 32

    await gate.serve(await enter(gate))
    await gate.refresh(wants=64)

    assert gate.share == 64
    assert (await states(redis_client, [DIRECT]))[DIRECT].breaker is Breaker.CLOSED


async def test_bulk_pages_wait_for_their_moment_and_others_do_not(redis_client: Redis) -> None:
    gate = a_gate(redis_client, policy=a_policy(delay_s=30))
    await gate.refresh(wants=9)
    assert not gate.has_room(Lane.BULK)
    await gate.pace()
    await enter(gate, Lane.BULK)

    await gate.pace()

    assert not gate.has_room(Lane.BULK)
    assert gate.has_room(Lane.DEMAND)
