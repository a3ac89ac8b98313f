"""A cached answer through the whole API: key, limits, cache and usage, under load."""

from __future__ import annotations

import itertools
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import aiohttp

from bench.callers import business_keys
from bench.ground import free_port, links
from bench.programs import OUR_PYTHON, PEER_PYTHON
from bench.table import Row, at_least, at_most, compare
from bench.wrk import Wrk
from services import mongodb, redis

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from bench.ground import Ground, Server
    from bench.wrk import Load

CALLERS = 900
"""So many that 500 requests a minute are enough for each."""
POSTS = 40
CONNECTIONS = (16, 64)
DURATION_S = 3
_TIKTOK = "https://www.tiktok.com"
_EXTRACT = "/api/v1/video/extract"


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """The three that answer the same."""

    ours: Server
    bare: Server
    fastapi: Server


async def measure(ground: Ground, rounds: int) -> list[Row]:
    """Ours, a handler that only answers bytes, and a FastAPI service in turn."""
    keys = await business_keys(ground, CALLERS)
    asked = links(_TIKTOK, POSTS)
    wrk = Wrk(
        keys=write_lines(ground.folder / "keys.txt", keys),
        links=write_lines(ground.folder / "asked.txt", asked),
    )
    rows: list[Row] = []
    async with AsyncExitStack() as stack:
        servers = await _start(stack, ground, keys, asked)
        for connections in CONNECTIONS:
            rows += await _measure(wrk, servers, rounds, connections=connections)
    return rows


async def _measure(wrk: Wrk, servers: Servers, rounds: int, *, connections: int) -> list[Row]:
    ours: list[Load] = []
    bare: list[Load] = []
    fastapi: list[Load] = []
    for number in range(rounds + 1):
        for server, loads in (
            (servers.ours, ours),
            (servers.bare, bare),
            (servers.fastapi, fastapi),
        ):
            load = await wrk.load(
                server, connections=connections, duration_s=DURATION_S if number else 1
            )
            if number:  # the first round warms up
                loads.append(load)
    return _rows(connections, ours, bare, fastapi)


def _rows(
    connections: int, ours: Sequence[Load], bare: Sequence[Load], fastapi: Sequence[Load]
) -> list[Row]:
    what = f"cached answer, {connections} connections"
    rates = [load.rate for load in ours]
    return [
        compare(
            f"{what}; peer: bare aiohttp handler",
            rates,
            [load.rate for load in bare],
            unit=" requests/s",
            limit=at_least(0.4),
        ),
        compare(
            f"{what}, p99; peer: bare aiohttp handler",
            [load.p99_ms for load in ours],
            [load.p99_ms for load in bare],
            unit=" ms",
            limit=at_most(3),
        ),
        compare(
            f"{what}; peer: FastAPI + slowapi + Redis + MongoDB",
            rates,
            [load.rate for load in fastapi],
            unit=" requests/s",
            limit=at_least(10),
        ),
    ]


async def _start(
    stack: AsyncExitStack, ground: Ground, keys: Sequence[str], asked: Sequence[str]
) -> Servers:
    site = stack.enter_context(ground.site())
    ours = await stack.enter_async_context(ground.api(site))
    stack.enter_context(ground.worker(site, connections=16))
    await ask_all(ours, keys, asked, is_cached=False)
    # Every caller asks once, so that none is a stranger when it counts.
    answers = (await ask_all(ours, keys, itertools.cycle(asked)))[:POSTS]
    await _fill_fastapi(ground, keys, answers)
    body = ground.folder / "answer.json"
    body.write_bytes(answers[0])
    ports = free_port(), free_port()
    bare = ground.server(
        *(OUR_PYTHON, "-m", "bench.peers.bare_aiohttp", str(ports[0]), body), port=ports[0]
    )
    fastapi = ground.server(
        *(PEER_PYTHON, "-m", "bench.peers.fastapi_peer", str(ports[1])),
        *(ground.mongodb_uri, ground.redis_socket),
        port=ports[1],
    )
    servers = Servers(
        ours=ours, bare=stack.enter_context(bare), fastapi=stack.enter_context(fastapi)
    )
    for server in (servers.bare, servers.fastapi):
        await ask_all(server, keys, asked)
    return servers


async def ask_all(
    server: Server, keys: Sequence[str], asked: Iterable[str], *, is_cached: bool = True
) -> list[bytes]:
    answers = []
    async with aiohttp.ClientSession(server.url) as session:
        for key, link in zip(keys, asked, strict=False):
            answer = await session.post(_EXTRACT, json={"url": link}, headers={"X-API-Key": key})
            answers.append(await answer.read())
            assert answer.status == 200, answers[-1]
            assert json.loads(answers[-1])["cached"] is is_cached
    return answers


async def _fill_fastapi(ground: Ground, keys: Sequence[str], answers: Sequence[bytes]) -> None:
    """Give the FastAPI service the same accounts and posts, where it looks for them."""
    documents: list[dict[str, Any]] = [
        {"_id": number, "key": sha256(key.encode()).hexdigest(), "used": 0}
        for number, key in enumerate(keys)
    ]
    async with mongodb.connect(ground.mongodb_uri) as client:
        await client.peer.accounts.create_index("key", unique=True)
        await client.peer.accounts.insert_many(documents)
    async with redis.connect(ground.redis_url) as cache:
        for answer in map(json.loads, answers):
            video_id = answer["metadata"]["video_id"]
            kept = {"video_url": answer["video_url"], "metadata": answer["metadata"]}
            await cache.set(f"peer:video:{video_id}", json.dumps(kept))


def write_lines(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path
