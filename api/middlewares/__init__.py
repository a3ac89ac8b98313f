"""What every request passes on its way to a handler.

These wrap the server's and the endpoints' own functions: aiohttp's list of middlewares costs a
context manager and a chain of partial functions for each request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
