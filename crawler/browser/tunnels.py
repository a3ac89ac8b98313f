"""The way of a browser's requests to a proxy: through this process, which lets pass what may pass.

Behind a proxy it is the proxy that looks names up, and a browser asks nobody before it follows a
redirect or opens a socket. So it is given a way on loopback instead of the proxy: that refuses
other hosts, knows the proxy's password, and resolves its name.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from urllib.parse import SplitResult

_USER = "browser"
_CHUNK = 64 * 1024
_CONNECT_S = 20.0
_LONGEST_HEAD = 64 * 1024
_HOP = ("proxy-", "connection:", "keep-alive:")


class Tunnels:
    """A way for each proxy, opened when it is first asked for."""

    def __init__(self, may_pass: Callable[[str], bool]) -> None:
        self._may_pass = may_pass
        self._ways: dict[str, asyncio.Server] = {}
        self._password = secrets.token_urlsafe(16)
        self._lock = asyncio.Lock()

    async def through(self, proxy: str) -> dict[str, Any]:
        """How a browser is told of the way through that proxy."""
        async with self._lock:
            if proxy not in self._ways:
                tunnel = _Tunnel(proxy, self._may_pass, password=self._password)
                self._ways[proxy] = await asyncio.start_server(
                    tunnel.serve, "127.0.0.1", 0, limit=_LONGEST_HEAD
                )
        port = self._ways[proxy].sockets[0].getsockname()[1]
        return {
            "server": f"http://127.0.0.1:{port}",
            "username": _USER,
            "password": self._password,
        }

    def close(self) -> None:
        """Take no more connections."""
        for server in self._ways.values():
            server.close()
        self._ways.clear()


class _Tunnel:
    """The way through one proxy."""

    def __init__(self, proxy: str, may_pass: Callable[[str], bool], *, password: str) -> None:
        self._proxy = urlsplit(proxy)
        self._may_pass = may_pass
        self._key = _basic(_USER, password)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on, or refuse it."""
        with contextlib.suppress(OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            await self._pass_on(reader, writer)
        writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *headers = head.rstrip().split("\r\n")
        method, asked, _ = line.split()
        if not secrets.compare_digest(_value(headers, "proxy-authorization"), self._key):
            writer.write(_refusal("407 Proxy Authentication Required"))
            return await writer.drain()
        if not self._may_pass(_address(method, asked)):
            writer.write(_refusal("403 Forbidden"))
            return await writer.drain()
        async with asyncio.timeout(_CONNECT_S):
            back, there = await asyncio.open_connection(self._proxy.hostname, self._proxy.port)
        try:
            there.write(self._head(method, line, headers))
            if method == "CONNECT":
                await asyncio.gather(_pump(reader, there), _pump(back, writer))
            else:
                # One request alone: the next one on this connection may be for another host.
                length = int(_value(headers, "content-length") or 0)
                there.write(await reader.readexactly(length))
                await _pump(back, writer)
        finally:
            there.close()

    def _head(self, method: str, line: str, headers: list[str]) -> bytes:
        """What the proxy is asked."""
        kept = [header for header in headers if not header.lower().startswith(_HOP)]
        if self._proxy.username:
            kept.append(f"Proxy-Authorization: {_of(self._proxy)}")
        if method != "CONNECT":
            kept.append("Connection: close")
        return "\r\n".join([line, *kept, "", ""]).encode("latin-1")


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    # Either side's end is the end of both: a browser keeps none half open.
    writer.close()


def _address(method: str, asked: str) -> str:
    """What is asked for as an address; the port of https is not written."""
    if method != "CONNECT":
        return asked
    return f"https://{asked.removesuffix(':443')}"


def _value(headers: list[str], name: str) -> str:
    """The value of a header; empty when it is not there."""
    pairs = (header.partition(":") for header in headers)
    return next((value.strip() for key, _, value in pairs if key.strip().lower() == name), "")


def _refusal(status: str) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\n"
        'Proxy-Authenticate: Basic realm="browser"\r\n'
        "Content-Length: 0\r\nConnection: close\r\n\r\n"
    ).encode()


def _of(proxy: SplitResult) -> str:
    return _basic(unquote(proxy.username or ""), unquote(proxy.password or ""))


def _basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()
