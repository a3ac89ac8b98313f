"""Serving the application: the loop, the socket, a graceful end."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import logging
import os
import signal
from typing import TYPE_CHECKING, cast

import uvloop
from aiohttp import web

from api.app import build_app
from api.connections import FIELD_BYTES, FIELDS, IDLE_S, LINE_BYTES, Server
from api.middlewares.envelope import enveloped
from api.middlewares.tracing import traced
from api.parts import ENVIRONMENT, HEALTH, METRICS
from api.processes import bind
from api.tls import load, tls_of
from api.transport import in_https, request_class, security_headers
from api.whole import WholeWriter
from services.garbage import settle_garbage
from services.tasks import ended
from settings.env import SettingsError

if TYPE_CHECKING:
    import socket
    import ssl

    from settings.env import Environment

logger = logging.getLogger(__name__)

DRAIN_MARGIN_S = 3.0
LINGERING_S = 2.0
"""How long the rest of a body is read and thrown away once its request is answered."""
_FAREWELL_S = 1.0
"""How long connections without a request may still bring one, once the end is asked for."""
_FAREWELL_GLANCES = 20


def run(
    environment: Environment, listener: socket.socket | None = None, *, ready: int | None = None
) -> None:
    """Serve until SIGTERM or SIGINT, then answer what is in flight and return.

    SIGHUP reads the certificate again. SIGUSR1 says that an end is near: from then on the process
    is not ready. ``ready`` is a pipe that is told when calls are taken; whoever holds its other end
    says so in time, else it is this process that goes on for a while after SIGTERM.

    Raises:
        ServiceError: the address cannot be bound.
        SettingsError: the certificate cannot be used.
    """
    tls = tls_of(environment)
    settle_garbage()
    uvloop.run(_serve(environment, listener or bind(environment), tls=tls, ready=ready))


async def _serve(
    environment: Environment,
    listener: socket.socket,
    *,
    tls: ssl.SSLContext | None,
    ready: int | None,
) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stopping.set)
    loop.add_signal_handler(signal.SIGHUP, _renew, tls, environment)
    app = build_app(environment)
    runner = Runner(
        app,
        access_log=None,
        shutdown_timeout=environment.extract_timeout_s + DRAIN_MARGIN_S,
    )
    await runner.setup()

    def drain() -> None:
        app[HEALTH].is_draining = True

    loop.add_signal_handler(signal.SIGUSR1, drain)
    try:
        site = web.SockSite(runner, listener, ssl_context=tls, backlog=1024)
        await site.start()
        # What is there now stays: without it the collector would walk it during requests.
        gc.collect()
        gc.freeze()
        logger.info("listening on %s", ", ".join(_addresses(runner, is_tls=tls is not None)))
        if ready is not None:
            os.write(ready, b"1")
            os.close(ready)
        await stopping.wait()
        drain()
        if ready is None:
            await _linger(stopping, environment.api_drain_s)
        logger.info("stopping: no more connections, what is in flight is answered")
        await site.stop()
        await runner.say_farewell()
    finally:
        await runner.cleanup()


async def _linger(stopping: asyncio.Event, drain_s: float) -> None:
    """Go on as before, but not ready, until load balancers know; a second signal hurries."""
    if drain_s:
        logger.info("draining: answering for %.0f s more, and not ready", drain_s)
        stopping.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), drain_s)


def _renew(tls: ssl.SSLContext | None, environment: Environment) -> None:
    if tls is None:
        return
    try:
        load(tls, environment)
    except SettingsError as error:
        logger.error("the certificate stays as it was: %s", error)
    else:
        logger.info("the certificate is read again")


def _addresses(runner: web.AppRunner, *, is_tls: bool) -> list[str]:
    scheme = "https" if is_tls else "http"
    return [f"{scheme}://{host}:{port}" for host, port, *_ in runner.addresses]


class Runner(web.AppRunner):
    """Runs an application in its envelope, with connections that are watched."""

    __slots__ = ("_watching",)

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        environment = self.app[ENVIRONMENT]
        security = security_headers(environment)
        handler = enveloped(in_https(made.request_handler, environment), self.app[METRICS])
        server = Server(
            traced(handler) if environment.otel_exporter_otlp_endpoint else handler,
            environment=environment,
            writer=WholeWriter(security),
            metrics=self.app[METRICS],
            request_factory=functools.partial(self.app._make_request, _cls=request_class(security)),
            keepalive_timeout=IDLE_S,
            lingering_time=LINGERING_S,
            max_line_size=LINE_BYTES,
            max_field_size=FIELD_BYTES,
            max_headers=FIELDS,
            **made._kwargs,
        )
        self.app[METRICS].connections = lambda: len(server.connections)
        self._watching = asyncio.create_task(server.watch(), name="connections")
        return server

    async def say_farewell(self) -> None:
        """Make the next answer of every connection its last, and wait a moment for them."""
        server = cast("Server", self.server)
        server.let_go()
        for _ in range(_FAREWELL_GLANCES):
            if not server.connections:
                break
            await asyncio.sleep(_FAREWELL_S / _FAREWELL_GLANCES)

    async def _cleanup_server(self) -> None:
        await ended(self._watching)
        await super()._cleanup_server()
