"""Connections: how many there may be, how slow they may be, and how they end."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections import Counter
from typing import TYPE_CHECKING, cast

import orjson
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from api.addresses import is_within
from api.errors import OUR_FAULT, UNAVAILABLE, ApiError, Problem
from api.middlewares.envelope import answer
from crawler.jobs.records import new_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.web_protocol import RequestHandler

    from api.metrics import Metrics
    from api.middlewares import Handler
    from api.whole import WholeWriter
    from settings.env import Environment

logger = logging.getLogger(__name__)

FIRST_REQUEST_S = 10.0
"""How long a new connection may take to send the head of its first request."""
IDLE_S = 75.0
"""How long a connection may then be without a whole request: longer than proxies keep theirs."""
STALL_S = 30.0
"""How long a caller may take nothing of an answer that waits for it."""
LINE_BYTES = 8192
FIELD_BYTES = 8190
"""Not LINE_BYTES, so that the parser's error tells which of both was too long."""
FIELDS = 100

MALFORMED = Problem(status=400, error="Bad request", detail="This is not a valid HTTP request")
LONG_LINE = Problem(status=414, error="Address too long", detail="The address is too long")
LONG_FIELD = Problem(
    status=431, error="Headers too large", detail="A header is too long, or there are too many"
)

_FULL = orjson.dumps(
    {"success": False, "error": UNAVAILABLE.error, "detail": "Too many connections"}
)


class Server(web.Server):
    """Makes a :class:`Connection` of each connection, and watches them."""

    def __init__(
        self,
        handler: Handler,
        *,
        environment: Environment,
        writer: WholeWriter,
        metrics: Metrics,
        **options: object,
    ) -> None:
        super().__init__(handler, **options)  # type: ignore[arg-type] # makes web.Request
        self.writer = writer
        self.per_address: Counter[str] = Counter()
        self.most = environment.api_connections
        self.most_per_address = environment.api_connections_per_address
        self.trusted = environment.trusted_proxies
        self.metrics = metrics

    def __call__(self) -> RequestHandler:
        """A connection; the event loop calls this for each that it accepts."""
        return Connection(self, loop=asyncio.get_running_loop(), **self._kwargs)

    async def watch(self) -> None:
        """End connections that are too slow, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(1.0, FIRST_REQUEST_S / 2, STALL_S / 2))
            now = loop.time()
            for connection in self.connections:
                if isinstance(connection, Connection) and connection.is_too_slow(now):
                    connection.abort()

    def let_go(self) -> None:
        """Make the next answer of each connection its last."""
        for connection in self.connections:
            if isinstance(connection, Connection):
                connection.let_go()


class Connection(web.RequestHandler):
    """A connection that answers malformed HTTP in the API's own shape.

    The parser's message quotes the line it stumbled over, which may hold a key, so neither the
    answer nor the log repeats it.
    """

    __slots__ = ("_address", "_made_at", "_stalled_at", "_waiting", "on_loss")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or refuse it at once when there are too many."""
        super().connection_made(transport)
        self._made_at = self._stalled_at = self._loop.time()
        self._waiting = 0
        self.on_loss: Callable[[], None] | None = None
        """What is to be done at once when the caller leaves, whatever the handler waits for."""
        peer = transport.get_extra_info("peername")
        self._address = peer[0] if isinstance(peer, tuple) and peer else ""
        manager = cast("Server", self._manager)
        manager.per_address[self._address] += 1
        is_crowd = manager.per_address[self._address] > manager.most_per_address and not (
            not self._address or is_within(self._address, manager.trusted)
        )
        if is_crowd or len(manager._connections) > manager.most:
            self._refuse(cast("asyncio.Transport", transport))

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the connection."""
        manager = self._manager
        if self.on_loss is not None:
            self.on_loss()
        super().connection_lost(exc)
        if isinstance(manager, Server):
            manager.per_address[self._address] -= 1
            if manager.per_address[self._address] <= 0:
                del manager.per_address[self._address]

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the answer: in one piece where it is one."""
        transport = self.transport
        if transport is None or transport.is_closing() or self._upgraded:
            return await super().finish_response(request, resp, start_time)
        if cast("Server", self._manager).writer.write(request, resp, transport):
            return resp, False
        return await super().finish_response(request, resp, start_time)

    def is_too_slow(self, now: float) -> bool:
        """Whether the first request, or the caller's taking of an answer, is overdue."""
        if self._request_count == 0:
            return now - self._made_at > FIRST_REQUEST_S
        waiting = self.transport.get_write_buffer_size() if self.transport is not None else 0
        if waiting == 0 or waiting != self._waiting:
            self._waiting, self._stalled_at = waiting, now
        return now - self._stalled_at > STALL_S

    def abort(self) -> None:
        """End the connection without another word."""
        transport = self.transport
        taking = transport.get_extra_info("socket") if transport and self._waiting else None
        if taking is not None:  # else the kernel would go on offering what nobody takes
            taking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.force_close()
        if transport is not None:
            transport.abort()

    def let_go(self) -> None:
        """Make the next answer the last."""
        handler = self._request_handler
        if handler is None:
            return

        async def last(request: web.BaseRequest) -> web.StreamResponse:
            response = await handler(request)
            response.force_close()
            return response

        self._request_handler = last

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what never became a request of the application."""
        headers = {"X-Request-ID": new_id("req")}
        if status >= 500:
            logger.error("%s failed", headers["X-Request-ID"], exc_info=exc)
            error = ApiError(OUR_FAULT, headers=headers, request_id=headers["X-Request-ID"])
        else:
            problem = _problem_of(exc)
            logger.info("malformed HTTP from %s answered %d", request.remote, problem.status)
            error = ApiError(problem, headers=headers)
        if isinstance(self._manager, Server):  # else the caller has left meanwhile
            self._manager.metrics.count_refused(error.status)
        response = answer(error)
        response.force_close()
        return response

    def _refuse(self, transport: asyncio.Transport) -> None:
        cast("Server", self._manager).metrics.count_refused(503)
        transport.write(
            b"HTTP/1.1 503 Service Unavailable\r\n"
            b"Content-Type: application/json; charset=utf-8\r\n"
            b"Retry-After: 5\r\nConnection: close\r\nX-Request-ID: %b\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (new_id("req").encode(), len(_FULL), _FULL)
        )
        self.force_close()
        transport.close()


def _problem_of(error: BaseException | None) -> Problem:
    if isinstance(error, LineTooLong):
        return LONG_LINE if str(error.args[1]) == str(LINE_BYTES) else LONG_FIELD
    if error is not None and "Too many headers" in str(error):
        return LONG_FIELD
    return MALFORMED
