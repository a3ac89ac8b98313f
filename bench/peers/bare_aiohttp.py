"""A handler that does nothing but answer saved bytes: what aiohttp itself costs.

``python -m bench.peers.bare_aiohttp PORT ANSWER_FILE``
"""

from __future__ import annotations

import sys
from pathlib import Path

import uvloop
from aiohttp import web


def main() -> None:
    """Serve until SIGTERM."""
    body = Path(sys.argv[2]).read_bytes()

    async def extract(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_post("/api/v1/video/extract", extract)
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
