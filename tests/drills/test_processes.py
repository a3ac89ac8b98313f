"""Several API processes on one port: replaced, killed and ended under load."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import sys
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientError, ClientSession, TCPConnector

from cli.ports import free_port
from tests.api.certificates import write_certificate
from tests.cli.running import PROJECT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [pytest.mark.drill, pytest.mark.alone]


@asynccontextmanager
async def serving(
    mongodb_uri: str, redis_url: str, **variables: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    port = free_port()
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        "manage.py",
        "serve",
        cwd=PROJECT,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ
        | {
            "MONGODB_URI": mongodb_uri,
            "REDIS_URL": redis_url,
            "API_PORT": str(port),
            "API_PROCESSES": "2",
            **variables,
        },
    )
    reading = server.stderr
    assert reading is not None
    rest: asyncio.Task[bytes] | None = None
    try:
        async with asyncio.timeout(60):
            while b"2 processes listen" not in await reading.readline():
                assert not reading.at_eof()
        rest = asyncio.create_task(reading.read())
        yield server, port
    finally:
        if server.returncode is None:
            server.kill()
            await server.wait()
        if rest is not None:
            await rest


def children(pid: int) -> set[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:  # noqa: PTH123
        return {int(one) for one in file.read().split()}


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


class Load:
    """Callers that ask for ever and remember what went wrong."""

    def __init__(self, address: str, *, tls: ssl.SSLContext | bool = True) -> None:
        self.answered = 0
        self.failures: list[str] = []
        self._address = address
        self._tls = tls

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Load]:
        async with ClientSession(connector=TCPConnector(limit=0, ssl=self._tls)) as session:
            callers = [asyncio.create_task(self._ask(session)) for _ in range(8)]
            yield self
            for caller in callers:
                caller.cancel()
            await asyncio.gather(*callers, return_exceptions=True)

    async def _ask(self, session: ClientSession) -> None:
        while True:
            try:
                # POST: the client would try a GET again by itself.
                async with session.post(self._address + "/api/v1/video/extract") as response:
                    await response.read()
                    if response.status == 401:
                        self.answered += 1
                    else:
                        self.failures.append(str(response.status))
            except ClientError as error:
                self.failures.append(repr(error))

    async def more(self, count: int) -> None:
        goal = self.answered + count
        async with asyncio.timeout(60):
            while self.answered < goal:
                await asyncio.sleep(0.02)


async def test_a_reload_under_load_fails_no_request(mongodb_uri: str, redis_url: str) -> None:
    async with serving(mongodb_uri, redis_url) as (server, port):
        async with Load(f"http://127.0.0.1:{port}").running() as load:
            await load.more(200)
            for _ in range(2):
                before = children(server.pid)
                server.send_signal(signal.SIGHUP)
                async with asyncio.timeout(60):
                    while children(server.pid) & before or len(children(server.pid)) != 2:
                        await asyncio.sleep(0.1)
                await load.more(200)
        server.terminate()
        code = await asyncio.wait_for(server.wait(), 30)

    assert load.failures == []
    assert code == 0


async def test_a_killed_process_is_started_again(mongodb_uri: str, redis_url: str) -> None:
    async with serving(mongodb_uri, redis_url) as (server, _):
        victim = min(children(server.pid))
        os.kill(victim, signal.SIGKILL)
        async with asyncio.timeout(60):
            while victim in children(server.pid) or len(children(server.pid)) != 2:
                await asyncio.sleep(0.1)


async def test_the_processes_die_with_their_supervisor(mongodb_uri: str, redis_url: str) -> None:
    async with serving(mongodb_uri, redis_url) as (server, port):
        server.kill()
        await server.wait()
        async with asyncio.timeout(10):
            while await listens(port):
                await asyncio.sleep(0.1)


async def test_a_reload_with_tls_shows_the_new_certificate(
    mongodb_uri: str, redis_url: str, tmp_path: Path
) -> None:
    certificate, key = write_certificate(tmp_path, "first.example.com")
    files = {"TLS_CERT_FILE": str(certificate), "TLS_KEY_FILE": str(key)}
    async with serving(mongodb_uri, redis_url, **files) as (server, port):
        first = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))
        write_certificate(tmp_path, "second.example.com")
        async with Load(f"https://127.0.0.1:{port}", tls=False).running() as load:
            server.send_signal(signal.SIGHUP)
            second = first
            async with asyncio.timeout(60):
                while second == first:
                    await asyncio.sleep(0.2)
                    with suppress(OSError):
                        second = await asyncio.to_thread(
                            ssl.get_server_certificate, ("127.0.0.1", port)
                        )
            await load.more(50)

    assert load.failures == []
