"""A small forward proxy on loopback: it asks for a password, passes on, and counts."""

from __future__ import annotations

import asyncio
import contextlib
from base64 import b64encode
from collections import Counter
from typing import Self
from urllib.parse import urlsplit

PASSWORD = "s3cret:&"
_CHUNK = 64 * 1024


class Proxy:
    """``async with Proxy() as proxy: … proxy.url``; both plain requests and CONNECT."""

    def __init__(self, *, user: str = "ann", password: str = PASSWORD) -> None:
        self._credentials = b64encode(f"{user}:{password}".encode()).decode()
        self._user = user
        self.seen: Counter[str] = Counter()
        """How many requests were passed on, by what was asked for."""
        self.refused = 0
        self.url = ""
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://{self._user}:s3cret%3A%26@127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await self._pass_on(reader, writer)
        writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *headers = head.rstrip().split("\r\n")
        method, address, version = line.split()
        if f"Proxy-Authorization: Basic {self._credentials}" not in headers:
            self.refused += 1
            writer.write(
                b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                b'Proxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 0\r\n\r\n'
            )
            await writer.drain()
            return
        self.seen[address] += 1
        parts = urlsplit(f"//{address}" if method == "CONNECT" else address)
        upstream, there = await asyncio.open_connection(parts.hostname, parts.port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            kept = [one for one in headers if not one.startswith(("Proxy-", "Connection"))]
            path = parts._replace(scheme="", netloc="").geturl()
            lines = [f"{method} {path} {version}", *kept, "Connection: close", "", ""]
            there.write("\r\n".join(lines).encode("latin-1"))
        await asyncio.gather(pump(reader, there), pump(upstream, writer))


async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(_CHUNK):
            sink.write(chunk)
            await sink.drain()
    with contextlib.suppress(OSError):
        sink.close()
