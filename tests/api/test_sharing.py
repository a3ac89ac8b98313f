from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientError, ClientSession, TCPConnector

from api.sharing import forget, shared_folder
from cli.ports import free_port
from tests.scrapes import Scraped, scrape
from tests.workers import PROJECT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LIVE = {"route": "/health/live", "status": "200"}
REQUESTS = "tiktok_http_requests_total"


@asynccontextmanager
async def processes(
    mongodb_uri: str, redis_url: str, count: int = 2, **variables: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str, ClientSession]]:
    port = free_port()
    crew = await asyncio.create_subprocess_exec(
        *(sys.executable, "manage.py", "serve"),
        cwd=PROJECT,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ
        | {"MONGODB_URI": mongodb_uri, "REDIS_URL": redis_url, "API_PORT": str(port)}
        | {"API_PROCESSES": str(count), **variables},
    )
    assert crew.stderr is not None
    is_up = b"processes listen" if count > 1 else b"listening on"
    try:
        async with (
            asyncio.timeout(120),
            ClientSession(connector=TCPConnector(force_close=True)) as session,
        ):
            while is_up not in await crew.stderr.readline():
                assert not crew.stderr.at_eof()
            log = asyncio.create_task(crew.stderr.read())
            yield crew, f"http://127.0.0.1:{port}", session
    finally:
        if crew.returncode is None:
            crew.kill()
        await crew.wait()
        await log


def members(crew: asyncio.subprocess.Process) -> list[int]:
    path = Path(f"/proc/{crew.pid}/task/{crew.pid}/children")
    return [int(one) for one in path.read_text().split()]


async def ask(session: ClientSession, address: str, times: int) -> None:
    for _ in range(times):
        async with session.get(f"{address}/health/live") as answer:
            assert answer.status == 200


async def until_shown(session: ClientSession, address: str, count: int) -> Scraped:
    """Scrape until so many requests are shown: what the others count is up to a second old."""
    while True:
        found = await scrape(session, address)
        if found.value(REQUESTS, **LIVE) >= count:
            return found
        await asyncio.sleep(0.05)


@pytest.mark.drill
async def test_a_scrape_of_one_process_shows_all_of_them(mongodb_uri: str, redis_url: str) -> None:
    async with processes(mongodb_uri, redis_url) as (crew, address, session):
        first, second = members(crew)
        os.kill(first, signal.SIGSTOP)
        await ask(session, address, 7)
        await until_shown(session, address, 7)
        os.kill(first, signal.SIGCONT)
        os.kill(second, signal.SIGSTOP)
        await ask(session, address, 5)
        found = await until_shown(session, address, 12)
        os.kill(second, signal.SIGCONT)

        assert found.value(REQUESTS, **LIVE) == 12
        assert found.value("tiktok_http_request_duration_seconds_count", **LIVE) == 12
        assert found.value("tiktok_api_processes") == 2

        # What a process has counted outlives it, and what it said of itself does not.
        os.kill(second, signal.SIGKILL)
        while second in members(crew):
            await asyncio.sleep(0.02)
        found = await scrape(session, address)
        while len(members(crew)) < 2 or found.value("tiktok_api_processes") != 2:
            assert found.value("tiktok_api_processes") <= 2
            found = await scrape(session, address)
            await asyncio.sleep(0.02)
        assert found.value(REQUESTS, **LIVE) == 12


@pytest.mark.drill
@pytest.mark.parametrize("count", [1, 2])
async def test_all_processes_say_that_they_end_before_they_do(
    mongodb_uri: str, redis_url: str, count: int
) -> None:
    starting = processes(mongodb_uri, redis_url, count, API_DRAIN_S="20")
    async with starting as (crew, address, session):
        crew.terminate()
        reasons: set[str] = set()
        while len(reasons) < 1:
            async with session.get(f"{address}/health/ready") as answer:
                if answer.status == 503:
                    reasons.add((await answer.json())["reason"])
        await ask(session, address, 5)
        crew.terminate()  # a second one hurries
        assert await crew.wait() == 0

        assert reasons == {"draining"}
        with pytest.raises(ClientError):
            await ask(session, address, 1)


def test_folders_of_processes_that_were_killed_are_cleaned() -> None:
    with shared_folder() as folder:
        left = folder.with_name("tiktok-metrics-999999999-left")
        left.mkdir()
        with shared_folder() as other:
            assert other.parent == folder.parent
        assert folder.is_dir()
        assert not left.exists()
        assert not other.exists()
    assert not folder.exists()


def test_of_a_process_that_ended_what_it_counted_is_kept(tmp_path: Path) -> None:
    for name in ("gauge_livesum_7.db", "gauge_livesum_17.db", "counter_7.db"):
        (tmp_path / name).touch()

    forget(tmp_path, 7)

    assert {one.name for one in tmp_path.iterdir()} == {"gauge_livesum_17.db", "counter_7.db"}
