"""Two API processes beside one: what a request costs, and what both hold where cores are free."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.callers import business_keys
from bench.ground import links, open_connections
from bench.programs import cpu_s
from bench.rows.cached import ask_all, write_lines
from bench.table import Row, at_least, at_most, compare
from bench.wrk import Wrk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bench.ground import Ground, Server

CALLERS = 1500
POSTS = 40
CONNECTIONS = 32
DURATION_S = 3
FREE_CORES = 4
"""Two processes, Valkey and the load generator; with fewer, wall time says what the cores allow."""
SLICE_S = 0.01
TURN_S = 0.04
"""A process may work for a slice of each turn, a quarter of a core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a server held in one round."""

    rate: float
    api_us: float
    """Processor time of all API processes for each request."""
    redis_us: float


async def measure(ground: Ground, rounds: int) -> list[Row]:
    """One and two processes in turn: as they are, then each with a quarter of a core."""
    keys = await business_keys(ground, CALLERS)
    asked = links("https://www.tiktok.com", POSTS)
    wrk = Wrk(
        keys=write_lines(ground.folder / "keys.txt", keys),
        links=write_lines(ground.folder / "asked.txt", asked),
    )
    async with AsyncExitStack() as stack:
        site = stack.enter_context(ground.site())
        one = await stack.enter_async_context(ground.api(site))
        two = await stack.enter_async_context(ground.api(site, processes=2))
        with ground.worker(site, connections=16):
            await ask_all(one, keys, asked, is_cached=False)
        await ask_all(one, keys, itertools.cycle(asked))
        load = _Loading(ground, wrk, [one.pid], _members(two))
        whole = [await load.both(one, two, is_sliced=False) for _ in range(rounds + 1)][1:]
        sliced = [await load.both(one, two, is_sliced=True) for _ in range(rounds + 1)][1:]
    return _rows(whole, sliced)


def _rows(whole: Sequence[tuple[Held, Held]], sliced: Sequence[tuple[Held, Held]]) -> list[Row]:
    cores = len(os.sched_getaffinity(0))
    what = "two API processes; peer: one"
    return [
        compare(
            f"cached answers of {what}, on {cores} cores for all",
            [two.rate for _, two in whole],
            [one.rate for one, _ in whole],
            unit=" requests/s",
            limit=at_least(1.6) if cores >= FREE_CORES else None,
        ),
        compare(
            f"cached answers of {what}, each process with a quarter of a core, the rest free",
            [two.rate for _, two in sliced],
            [one.rate for one, _ in sliced],
            unit=" requests/s",
            limit=at_least(1.6),
        ),
        compare(
            f"processor time of the API a request, {what}, each with a quarter of a core",
            [two.api_us for _, two in sliced],
            [one.api_us for one, _ in sliced],
            unit=" µs",
            limit=at_most(1.25),
        ),
        compare(
            f"processor time of the API a request, {what}, on {cores} cores for all",
            [two.api_us for _, two in whole],
            [one.api_us for one, _ in whole],
            unit=" µs",
            limit=None,
        ),
        compare(
            f"processor time of Valkey a request, {what}, on {cores} cores for all",
            [two.redis_us for _, two in whole],
            [one.redis_us for one, _ in whole],
            unit=" µs",
            limit=None,
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Loading:
    """Who is loaded, and whose processor time counts."""

    ground: Ground
    wrk: Wrk
    alone: Sequence[int]
    together: Sequence[int]

    async def both(self, one: Server, two: Server, *, is_sliced: bool) -> tuple[Held, Held]:
        """One process, then two."""
        return (
            await self._hold(one, self.alone, is_sliced=is_sliced),
            await self._hold(two, self.together, is_sliced=is_sliced),
        )

    async def _hold(self, server: Server, pids: Sequence[int], *, is_sliced: bool) -> Held:
        api_s, redis_s = sum(map(cpu_s, pids)), cpu_s(self.ground.redis_pid)
        async with _slices(server, pids if is_sliced else ()):
            load = await self.wrk.load(server, connections=CONNECTIONS, duration_s=DURATION_S)
        count = load.rate * DURATION_S
        return Held(
            rate=load.rate,
            api_us=1e6 * (sum(map(cpu_s, pids)) - api_s) / count,
            redis_us=1e6 * (cpu_s(self.ground.redis_pid) - redis_s) / count,
        )


@asynccontextmanager
async def _slices(server: Server, pids: Sequence[int]) -> AsyncIterator[None]:
    """Let each process work in its own slice of every turn only, one after the other."""
    tasks = [
        asyncio.create_task(_slice(server, pid, number * TURN_S / len(pids)))
        for number, pid in enumerate(pids)
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _slice(server: Server, pid: int, delay_s: float) -> None:
    loop = asyncio.get_running_loop()
    # Whoever were stopped now would get none of the connections.
    while open_connections(server) < CONNECTIONS:
        await asyncio.sleep(SLICE_S)
    due = loop.time() + delay_s
    try:
        while True:
            os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(due - loop.time())
            os.kill(pid, signal.SIGCONT)
            began = cpu_s(pid)
            while cpu_s(pid) - began < SLICE_S and loop.time() < due + TURN_S - SLICE_S:
                await asyncio.sleep(SLICE_S / 10)
            due = max(due + TURN_S, loop.time())
    finally:
        os.kill(pid, signal.SIGCONT)


def _members(supervisor: Server) -> list[int]:
    """The processes that answer in a supervisor's name."""
    pid = supervisor.pid
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
