"""The site's server."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from tests.site.addresses import read_address
from tests.site.control import SITE, add_control_routes
from tests.site.lists.endpoints import endpoint_address
from tests.site.lists.memory import Lists
from tests.site.lists.opened import SCRIPT
from tests.site.media import media
from tests.site.oembed import oembed
from tests.site.orders import Orders
from tests.site.replay import Archive
from tests.site.requests import Requests
from tests.site.visits import Visit

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_STOP_WITHIN_S = 0.2


class Site:
    """The site on a port of its own: ``async with Site() as site: … site.url``.

    Posts are synthetic, or those found in ``folder``. The server runs in the caller's event loop.
    """

    def __init__(
        self,
        *,
        folder: Path | None = None,
        latency_ms: int = 0,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.requests = Requests()
        self.orders = Orders(latency_ms=latency_ms)
        self.lists = Lists()
        self.archive = Archive.read(folder) if folder is not None else None
        self.url = ""
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; from then on ``url`` says where."""
        app = web.Application()
        app[SITE] = self
        add_control_routes(app)
        app.router.add_get("/oembed", self._oembed)
        app.router.add_get(r"/media/{id:\d{1,20}}/{name}", media)
        app.router.add_get(r"/media/music/{id:\d{1,20}}/{name}", media)
        app.router.add_get("/static/lists/page.js", _script)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=_STOP_WITHIN_S
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self.url = f"http://{self._host}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening and break off what is unanswered."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    def behave(
        self, key: str, name: str, *, times: int | None = None, latency_ms: int | None = None
    ) -> None:
        """Order a behaviour for a post id, ``@username``, ``#hashtag``, ``t/CODE`` or ``*``.

        It holds for ``times`` requests, or for ever, and replaces what was ordered before.
        """
        self.orders.add(key, name, times=times, latency_ms=latency_ms)

    def plan(self, key: str, **changes: Any) -> None:
        """Order what the list of a page is like: the fields of ``Plan``, the rest as it was.

        The key is ``@username``, ``#hashtag``, ``music:ID``, ``search:query``, or a post's id for
        its comments. Single answers can be ordered too: ``behave("list:@username", …)``.

        Raises:
            ValueError: there is no such behaviour of lists.
        """
        self.lists.ordered[key] = replace(self.lists.plan(key), **changes)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        address = endpoint_address(request.path, request.query, self.lists) or read_address(
            request.path, words=request.query.get("q", "")
        )
        number = self.requests.note(request, address)
        try:
            behaviour, latency_ms = self.orders.take(address)
        except ValueError as error:
            return web.Response(status=400, text=str(error))
        if latency_ms:
            await asyncio.sleep(latency_ms / 1000)
        visit = Visit(
            request=request,
            address=address,
            url=self.url,
            number=number,
            archive=self.archive,
            lists=self.lists,
            is_first_time=self.requests.paths[request.path_qs] == 1,
        )
        return await behaviour.answer(visit)

    async def _oembed(self, request: web.Request) -> web.Response:
        return oembed(request.query.get("url", ""), self.url, archive=self.archive)


async def _script(request: web.Request) -> web.Response:
    return web.Response(body=SCRIPT, content_type="text/javascript")
