"""A receiver of webhooks on loopback, which behaves as it is told."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Mapping


@dataclass
class Receiver:
    """What came, and how it is answered; by its path a receiver misbehaves."""

    url: str = ""
    received: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.received]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.received.append((dict(request.headers), await request.read()))
        self.came.set()
        match request.path:
            case "/hang":
                await self.go_on.wait()
            case "/break":
                assert request.transport is not None
                request.transport.abort()
            case "/large":
                response = web.StreamResponse(status=500)
                await response.prepare(request)
                with contextlib.suppress(ConnectionError):
                    for _ in range(20_000):
                        await response.write(b"x" * 1000)
                return response
            case "/half":
                response = web.StreamResponse(status=200)
                await response.prepare(request)
                await response.write(b"thanks")
                assert request.transport is not None
                request.transport.close()
                return response
        return web.Response(status=self.status, headers=self.headers, text="so it\x00is \x1b[1m")


@contextlib.asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    scheme = "https" if tls else "http"
    receiver.url = f"{scheme}://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield receiver
    finally:
        receiver.go_on.set()
        await runner.cleanup()


def is_signed_by(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """What a receiver works out by itself, from the standard's text."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    return expected in headers["webhook-signature"].split(" ")
