from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from contextlib import suppress
from ipaddress import ip_network
from typing import TYPE_CHECKING

import brotli
import orjson
import pytest
from aiohttp import ClientSession

from tests.api.conftest import EXTRACT, LINK, serving, until

if TYPE_CHECKING:
    from settings.env import Environment
    from tests.api.conftest import Api

_TCP_CLOSE = 7
BOMB = b" " * 20_000_000


async def ask(api: Api, data: bytes) -> bytes:
    """Everything that comes back for raw bytes until the server ends the connection."""
    host, port = api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(data)
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def post(api: Api, key: str, body: bytes, **headers: str) -> tuple[int, dict[str, object]]:
    async with api.session.post(
        api.url + EXTRACT,
        data=body,
        headers={"X-API-Key": key, "Content-Type": "application/json", **headers},
        skip_auto_headers=["Accept-Encoding"],
    ) as response:
        return response.status, orjson.loads(await response.read())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" * 30_000, id="deep list"),
        pytest.param(b'{"url":' * 5_000 + b"1" + b"}" * 5_000, id="deep object"),
        pytest.param(b'{"url": NaN}', id="NaN"),
        pytest.param(b'{"url": ' + b"9" * 5_000 + b"}", id="huge integer"),
        pytest.param(b'{"url": 1e999}', id="infinite"),
        pytest.param('{"url": "ü"}'.encode("utf-16"), id="utf-16"),
        pytest.param('{"url": "ü"}'.encode("latin-1"), id="latin-1"),
        pytest.param(b'\xef\xbb\xbf{"url": "a"}', id="byte order mark"),
        pytest.param(b'{"url": {"$gt": ""}}', id="operator as link"),
        pytest.param(b'{"url": "a", "extract_metadata": {"$ne": 1}}', id="operator as flag"),
        pytest.param(b'{"url": "https://www.tiktok.com/@a\\r\\nX: 1/video/1"}', id="CRLF"),
        pytest.param(b'{"url": "https://www.tiktok.com/@a/video/1\\u0000"}', id="null byte"),
        pytest.param(b'{"url": "\\ud800"}', id="lone surrogate"),
        pytest.param(
            b'{"url": "https://www.tiktok.com/@' + b"a" * 9_000 + b'/video/1"}', id="long link"
        ),
    ],
)
async def test_a_hostile_body_is_answered_400(api: Api, key: str, body: bytes) -> None:
    status, answer = await post(api, key, body)

    assert (status, answer["success"]) == (400, False)
    assert {"error", "detail", "requests_remaining"} <= answer.keys()


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
async def test_a_broken_compression_is_answered_400(api: Api, key: str, encoding: str) -> None:
    status, answer = await post(api, key, b"not compressed", **{"Content-Encoding": encoding})

    assert (status, answer["success"]) == (400, False)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(BOMB)),
        ("deflate", zlib.compress(BOMB)),
        ("br", brotli.compress(BOMB, quality=1)),
        ("identity", BOMB[:70_000]),
    ],
)
async def test_a_body_that_is_or_becomes_too_large_is_answered_413(
    api: Api, key: str, encoding: str, body: bytes
) -> None:
    status, answer = await post(api, key, body, **{"Content-Encoding": encoding})

    assert (status, answer["success"]) == (413, False)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 20_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
    ],
)
async def test_a_large_head_is_answered_with_what_is_too_large(
    api: Api, data: bytes, status: int
) -> None:
    head, _, body = (await ask(api, data)).partition(b"\r\n\r\n")

    assert int(head.split()[1]) == status
    assert b"X-Request-ID: req_" in head
    assert orjson.loads(body)["success"] is False


async def test_a_head_that_does_not_arrive_is_given_up(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.connections.FIRST_REQUEST_S", 0.2)
    async with serving(environment) as api:
        assert await ask(api, b"GET / HTTP/1.1\r\nHost:") == b""


async def test_a_connection_that_brings_nothing_more_is_ended(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.server.IDLE_S", 0.2)
    async with serving(environment) as api:
        answer = await ask(api, b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200")


async def test_a_caller_who_takes_nothing_of_an_answer_is_left(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.connections.STALL_S", 0.4)
    async with serving(environment) as api:
        host, port = api.url.removeprefix("http://").split(":")
        with socket.socket() as caller:
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            caller.connect((host, int(port)))
            caller.setblocking(False)
            lines = b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n" * 500
            await asyncio.get_running_loop().sock_sendall(caller, lines)
            await until(lambda: is_reset(caller))


async def is_reset(caller: socket.socket) -> bool:
    state = caller.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    return state == _TCP_CLOSE


async def test_connections_past_the_limit_of_an_address_are_answered_503(
    environment: Environment,
) -> None:
    few = environment.model_copy(update={"api_connections_per_address": 1})
    async with serving(few) as api:
        assert (await api.call("GET", "/health")).status == 200
        refused = await ask(api, b"")
    head, _, body = refused.partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 503")
    assert b"Retry-After: " in head
    assert orjson.loads(body)["error"] == "Service unavailable"


async def test_a_place_is_free_again_when_its_connection_ends(environment: Environment) -> None:
    few = environment.model_copy(update={"api_connections": 1, "api_connections_per_address": 1})
    line = b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    async with serving(few) as api:
        answers = [await ask(api, line) for _ in range(3)]

    assert [answer[:12] for answer in answers] == [b"HTTP/1.1 200"] * 3


async def test_a_trusted_proxy_may_hold_more_connections(environment: Environment) -> None:
    few = environment.model_copy(
        update={
            "api_connections_per_address": 1,
            "trusted_proxies": (ip_network("127.0.0.0/8"),),
        }
    )
    async with serving(few) as api, ClientSession() as other:
        assert (await api.call("GET", "/health")).status == 200
        async with other.get(api.url + "/health") as response:
            assert response.status == 200


@pytest.mark.parametrize("path", ["/health", "/nowhere", EXTRACT, "/docs"])
async def test_every_answer_bears_the_security_headers(api: Api, path: str) -> None:
    answer = await api.call("GET", path)

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers.getall("Cache-Control") == ["no-store"]
    assert "Server" not in answer.headers
    assert "Strict-Transport-Security" not in answer.headers


@pytest.fixture
def behind_proxy(environment: Environment) -> Environment:
    return environment.model_copy(
        update={"require_https": True, "trusted_proxies": (ip_network("127.0.0.0/8"),)}
    )


async def test_what_a_proxy_received_as_plain_http_is_sent_to_https(
    behind_proxy: Environment,
) -> None:
    async with serving(behind_proxy) as api:
        answer = await api.call(
            "POST",
            EXTRACT + "?a=%20b",
            headers={"X-Forwarded-Proto": "http", "Host": "api.example.com"},
            allow_redirects=False,
        )

    assert answer.status == 308
    assert answer.headers["Location"] == f"https://api.example.com{EXTRACT}?a=%20b"
    assert answer.headers["X-Request-ID"].startswith("req_")
    assert "max-age=" in answer.headers["Strict-Transport-Security"]


@pytest.mark.parametrize("proto", ["https", "http, https", "", "ftp"])
async def test_what_is_not_known_to_be_plain_http_is_answered(
    behind_proxy: Environment, proto: str
) -> None:
    async with serving(behind_proxy) as api:
        answer = await api.call("GET", "/health", headers={"X-Forwarded-Proto": proto})

    assert answer.status == 200


async def test_a_stranger_is_not_believed_about_https(environment: Environment) -> None:
    strict = environment.model_copy(
        update={"require_https": True, "trusted_proxies": (ip_network("10.0.0.0/8"),)}
    )
    async with serving(strict) as api:
        answer = await api.call("GET", "/health", headers={"X-Forwarded-Proto": "http"})

    assert answer.status == 200


async def test_no_secret_is_logged_or_answered_on_any_error(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    secret = "tk_do_not_show_this_anywhere"
    headers = {"X-API-Key": secret, "Cookie": f"a={secret}", "X-RapidAPI-Proxy-Secret": secret}
    texts = []
    for method in ("GET", "POST", "PUT"):
        for path in (EXTRACT, f"/nowhere?key={secret}", "/health"):
            async with api.session.request(
                method, api.url + path, json={"url": f"{LINK}?{secret}"}, headers=headers
            ) as response:
                texts.append(await response.text())
    lines = (f"GET /{secret} HTTP/9.x", f"{secret} / HTTP/1.1", f"GET / HTTP/1.1\r\n{secret}")
    texts += [(await ask(api, f"{line}\r\n\r\n".encode())).decode() for line in lines]

    assert len(texts) == 12
    assert secret not in "".join(texts)
    assert secret not in caplog.text
