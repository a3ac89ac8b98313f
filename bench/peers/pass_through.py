"""A handler that passes a file on and does nothing else: what aiohttp itself costs.

``python -m bench.peers.pass_through PORT UPSTREAM``
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import aiohttp
import uvloop
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SESSION = web.AppKey("session", aiohttp.ClientSession)


async def pass_on(request: web.Request) -> web.StreamResponse:
    async with request.app[SESSION].get(sys.argv[2] + request.path) as upstream:
        response = web.StreamResponse(
            headers={
                "Content-Type": upstream.headers["Content-Type"],
                "Content-Length": upstream.headers["Content-Length"],
            }
        )
        await response.prepare(request)
        async for chunk in upstream.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
        return response


async def session(app: web.Application) -> AsyncIterator[None]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as app[SESSION]:
        yield


def main() -> None:
    """Serve until SIGTERM."""
    app = web.Application()
    app.router.add_get("/{name}", pass_on)
    app.cleanup_ctx.append(session)
    web.run_app(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        access_log=None,
        print=None,
        loop=uvloop.new_event_loop(),
    )


if __name__ == "__main__":
    main()
