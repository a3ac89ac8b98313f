"""Serving the application: the loop, the socket, a graceful end."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from typing import TYPE_CHECKING

import uvloop
from aiohttp import web

from api.app import build_app
from api.errors import OUR_FAULT, ApiError, Problem
from api.middlewares.envelope import answer, enveloped
from crawler.jobs.records import new_id
from services.garbage import settle_garbage

if TYPE_CHECKING:
    from aiohttp.web_protocol import RequestHandler

    from settings.env import Environment

logger = logging.getLogger(__name__)

_DRAIN_MARGIN_S = 3.0

MALFORMED = Problem(status=400, error="Bad request", detail="This is not a valid HTTP request")


def run(environment: Environment) -> None:
    """Serve until SIGTERM or SIGINT, then answer what is in flight and return."""
    settle_garbage()
    uvloop.run(_serve(environment))


async def _serve(environment: Environment) -> None:
    stopping = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stopping.set)
    runner = Runner(
        build_app(environment),
        access_log=None,
        shutdown_timeout=environment.extract_timeout_s + _DRAIN_MARGIN_S,
    )
    await runner.setup()
    try:
        site = web.TCPSite(
            runner,
            environment.api_host,
            environment.api_port,
            reuse_port=environment.api_processes > 1,
        )
        await site.start()
        # What is there now stays: without it the collector would walk it during requests.
        gc.collect()
        gc.freeze()
        logger.info("listening on %s", ", ".join(_addresses(runner)))
        await stopping.wait()
        logger.info("stopping: no more connections, what is in flight is answered")
    finally:
        await runner.cleanup()


def _addresses(runner: web.AppRunner) -> list[str]:
    return [f"http://{host}:{port}" for host, port, *_ in runner.addresses]


class Runner(web.AppRunner):
    """Runs an application in its envelope, with :class:`Connection` for its connections."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(
            enveloped(made.request_handler),  # type: ignore[arg-type] # makes web.Request
            request_factory=made.request_factory,
            **made._kwargs,
        )


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return Connection(self, loop=asyncio.get_running_loop(), **self._kwargs)


class Connection(web.RequestHandler):
    """A connection that answers malformed HTTP in the API's own shape.

    The parser's message quotes the line it stumbled over, which may hold a key, so neither the
    answer nor the log repeats it.
    """

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
            logger.info("malformed HTTP from %s answered 400", request.remote)
            error = ApiError(MALFORMED, headers=headers)
        response = answer(error)
        response.force_close()
        return response
