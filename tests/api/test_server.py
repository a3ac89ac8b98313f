from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import orjson
import pytest
from aiohttp import ClientSession

from tests.api.conftest import EXTRACT, LINK, Api, Worker, until

if TYPE_CHECKING:
    from settings.env import Environment

SERVE = "from settings.env import read_environment as read; from api.server import run; run(read())"


async def send(api: Api, data: bytes) -> tuple[bytes, bytes]:
    host, port = api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(data)
    answer = await reader.read()
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX-API-Key: tk_secret_in_a_broken_line\x00\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0",
    ],
)
async def test_malformed_http_is_answered_in_the_same_shape(
    api: Api, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    head, body = await send(api, data)

    assert head.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert b"X-Request-ID: req_" in head
    assert orjson.loads(body) == {
        "success": False,
        "error": "Bad request",
        "detail": "This is not a valid HTTP request",
    }
    assert "tk_secret" not in caplog.text


async def test_a_caller_who_leaves_in_the_middle_of_a_body_is_no_fault_of_ours(
    api: Api, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    host, port = api.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {EXTRACT} HTTP/1.1\r\nHost: a\r\nX-API-Key: {key}\r\nContent-Length: 50\r\n\r\n"
    writer.write(head.encode() + b'{"url"')
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.close()
    await until(lambda: answered(caplog))

    assert "answered 400" in caplog.text
    assert not any(record.exc_info for record in caplog.records)


async def answered(caplog: pytest.LogCaptureFixture) -> bool:
    return "answered" in caplog.text


async def test_a_body_that_does_not_arrive_is_given_up(
    api: Api, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.body.ARRIVAL_S", 0.1)

    head, body = await send(
        api,
        f"POST {EXTRACT} HTTP/1.1\r\nHost: a\r\nX-API-Key: {key}\r\n".encode()
        + b"Connection: close\r\nContent-Length: 50\r\n\r\n{",
    )

    assert head.startswith(b"HTTP/1.1 400")
    assert orjson.loads(body)["detail"] == "The body did not arrive in time"


async def test_sigterm_answers_what_is_in_flight_and_ends_with_0(
    environment: Environment, key: str, worker: Worker, unused_port: int
) -> None:
    worker.delay_s = 0.5
    variables = {
        **os.environ,
        "MONGODB_URI": environment.mongodb_uri or "",
        "REDIS_URL": environment.redis_url or "",
        "API_PORT": str(unused_port),
    }
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", SERVE, env=variables)
    try:
        address = f"http://127.0.0.1:{unused_port}"
        async with ClientSession() as session:
            await until_it_listens(session, address)
            asking = asyncio.create_task(ask(session, address, key))
            await worker.is_crawling.wait()
            server.send_signal(signal.SIGTERM)
            status = await asking
        code = await asyncio.wait_for(server.wait(), 10)
    finally:
        if server.returncode is None:
            server.kill()
            await server.wait()

    assert (status, code) == (200, 0)


async def until_it_listens(session: ClientSession, address: str) -> None:
    while True:
        with suppress(OSError):
            async with session.get(address + "/health") as response:
                assert response.status == 200
                return
        await asyncio.sleep(0.05)


async def ask(session: ClientSession, address: str, key: str) -> int:
    async with session.post(
        address + EXTRACT, json={"url": LINK}, headers={"X-API-Key": key}
    ) as response:
        return response.status


@pytest.fixture
async def unused_port() -> int:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port
