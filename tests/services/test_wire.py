from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import ssl
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from redis.exceptions import ConnectionError as LostError
from redis.exceptions import ResponseError

from services.redis import EmbeddedValkey
from services.scripts import Script
from services.wire import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from redis.asyncio import Redis

PATIENCE_S = 10
IMPATIENCE_S = 0.4
"""Of callers whose server is away: how long they wait before they are told so."""


@pytest.fixture
async def wire(redis_url: str) -> AsyncIterator[Wire]:
    async with Wire(redis_url, timeout_s=PATIENCE_S) as wire:
        yield wire


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(tmp_path / "valkey")
    server.start()
    yield server
    server.process.send_signal(signal.SIGCONT)
    server.stop()


async def until_connected(wire: Wire) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(LostError):
                await wire.call("PING")
                return


@contextlib.asynccontextmanager
async def proxy(
    redis_url: str, *, at_once: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """A port before the server that passes its answers on in pieces of so many bytes."""
    path = unquote(redis_url.removeprefix("unix://"))

    async def pass_on(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, step: int
    ) -> None:
        while data := await reader.read(65536):
            for start in range(0, len(data), step):
                writer.write(data[start : start + step])
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(path)
        await asyncio.gather(pass_on(reader, back, 65536), pass_on(there, writer, at_once))

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls) as listening:
        yield listening.sockets[0].getsockname()[1]


async def test_each_of_many_callers_gets_its_own_answer(wire: Wire) -> None:
    answers = await asyncio.gather(*(wire.call("ECHO", number) for number in range(500)))

    assert answers == [b"%d" % number for number in range(500)]


async def test_answers_are_bytes_numbers_lists_and_nothing(wire: Wire) -> None:
    assert await wire.call("SET", "name", "Zoë") == b"OK"
    assert await wire.call("GET", "name") == "Zoë".encode()
    assert await wire.call("APPEND", "name", b"!") == 5
    assert await wire.call("MGET", "name", "none") == ["Zoë!".encode(), None]


async def test_a_refused_command_disturbs_no_other(wire: Wire) -> None:
    refused = asyncio.create_task(wire.call("NO-SUCH-COMMAND"))

    assert await wire.call("ECHO", "after") == b"after"

    with pytest.raises(ResponseError, match="unknown command"):
        await refused


async def test_who_stops_waiting_shifts_nobodys_answer(wire: Wire, redis_client: Redis) -> None:
    await wire.call("PING")
    await redis_client.client_pause(100)
    impatient = asyncio.create_task(wire.call("ECHO", "first"))
    patient = asyncio.create_task(wire.call("ECHO", "second"))
    await asyncio.sleep(0.01)

    impatient.cancel()

    assert await patient == b"second"
    assert impatient.cancelled()


async def test_a_large_answer_arrives_whole(wire: Wire) -> None:
    text = "0123456789" * 500_000

    await wire.call("SET", "large", text)

    assert await wire.call("GET", "large") == text.encode()


async def test_answers_in_pieces_are_put_together(redis_url: str) -> None:
    async with (
        proxy(redis_url, at_once=1) as port,
        Wire(f"redis://127.0.0.1:{port}/0", timeout_s=PATIENCE_S) as wire,
    ):
        answers = await asyncio.gather(wire.call("ECHO", "one"), wire.call("TIME"))

    assert answers[0] == b"one"
    assert len(answers[1]) == 2


async def test_a_script_that_the_server_forgot_runs_all_the_same(
    wire: Wire, redis_client: Redis, tmp_path: Path
) -> None:
    path = tmp_path / "double.lua"
    path.write_text("return {KEYS[1], ARGV[1] * 2}")
    script = Script(path)
    assert await wire.run(script, ["a"], [2]) == [b"a", 4]

    await redis_client.script_flush()

    assert await wire.run(script, ["a"], [3]) == [b"a", 6]


async def test_user_password_and_database_come_from_the_address(
    redis_url: str, redis_client: Redis
) -> None:
    await redis_client.acl_setuser(
        "caller", enabled=True, passwords=["+s3cret"], keys=["*"], categories=["+@all"]
    )
    address = redis_url.replace("unix://", "unix://caller:s3cret@") + "?db=3"
    try:
        async with Wire(address, timeout_s=PATIENCE_S) as wire:
            assert await wire.call("ACL", "WHOAMI") == b"caller"
            assert b"db=3" in await wire.call("CLIENT", "INFO")
    finally:
        await redis_client.acl_deluser("caller")


async def test_a_wrong_password_is_said_without_repeating_it(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    address = redis_url.replace("unix://", "unix://nobody:s3cret@")

    async with Wire(address, timeout_s=IMPATIENCE_S) as wire:
        with pytest.raises(LostError):
            await wire.call("PING")

    assert "WRONGPASS" in caplog.text
    assert "s3cret" not in caplog.text


async def test_a_killed_server_fails_calls_and_is_found_again(
    server: EmbeddedValkey,
) -> None:
    async with Wire(server.url, timeout_s=IMPATIENCE_S) as wire:
        await until_connected(wire)
        await wire.call("SET", "kept", "1")
        server.process.kill()
        server.process.wait()

        async with asyncio.timeout(PATIENCE_S):
            failed = await asyncio.gather(
                *(wire.call("PING") for _ in range(20)), return_exceptions=True
            )
        assert {type(failure) for failure in failed} == {LostError}

        server.start()
        await until_connected(wire)
        assert await wire.call("GET", "kept") == b"1"


async def test_a_call_waits_for_a_server_that_is_back_in_time(server: EmbeddedValkey) -> None:
    async with Wire(server.url, timeout_s=5) as wire:
        await wire.call("PING")
        server.process.kill()
        server.process.wait()
        with pytest.raises(LostError):
            await wire.call("PING")
        waiting = asyncio.create_task(wire.call("PING"))
        await asyncio.sleep(0.05)
        assert not waiting.done()

        server.start()

        assert await waiting == b"PONG"


async def test_a_server_that_hangs_is_given_up_and_found_again(server: EmbeddedValkey) -> None:
    async with Wire(server.url, timeout_s=IMPATIENCE_S) as wire:
        await until_connected(wire)
        server.process.send_signal(signal.SIGSTOP)

        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(LostError):
                await wire.call("PING")
        server.process.send_signal(signal.SIGCONT)

        async with asyncio.timeout(PATIENCE_S):
            assert await wire.call("PING") == b"PONG"


async def test_a_primary_that_turned_replica_is_left(server: EmbeddedValkey) -> None:
    async with Wire(server.url, timeout_s=PATIENCE_S) as wire:
        first = await wire.call("CLIENT", "ID")
        await wire.call("REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(ResponseError, match="READONLY"):
            await wire.call("SET", "a", "1")
        await asyncio.sleep(0.05)

        assert await wire.call("CLIENT", "ID") != first


async def test_what_speaks_no_redis_is_no_server() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with Wire(f"redis://127.0.0.1:{port}", timeout_s=IMPATIENCE_S) as wire:
            with pytest.raises(LostError):
                await wire.call("PING")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
async def test_an_encrypted_connection_trusts_the_named_authority_only(
    redis_url: str, tmp_path: Path
) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(  # noqa: ASYNC221 - before anything runs
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-keyout", key, "-out", certificate, "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with proxy(redis_url, at_once=65536, tls=context) as port:
        address = f"rediss://127.0.0.1:{port}/0"
        async with Wire(f"{address}?ssl_ca_certs={certificate}", timeout_s=PATIENCE_S) as wire:
            assert await wire.call("PING") == b"PONG"
        async with Wire(f"{address}?ssl_cert_reqs=none", timeout_s=PATIENCE_S) as wire:
            assert await wire.call("PING") == b"PONG"
        async with Wire(address, timeout_s=IMPATIENCE_S) as wire:
            with pytest.raises(LostError):
                await wire.call("PING")
