"""Endpoints for whoever watches the service."""

from __future__ import annotations

import orjson
from aiohttp import web

from api.documented import documented
from api.errors import NOT_READY, ApiError
from api.examples import HEALTH_ANSWER
from api.middlewares.envelope import JSON
from api.parts import HEALTH
from api.schemas.health import AliveAnswer, HealthAnswer, NotReadyAnswer, ReadyAnswer

_DETAILS = {"mongodb": "MongoDB does not answer", "redis": "Redis does not answer"}
_HEADERS = {"Content-Type": JSON, "Cache-Control": "no-store"}


@documented(
    tag="Service",
    summary="Health of the service",
    answers={
        200: (HealthAnswer, "Both databases answer", HEALTH_ANSWER),
        503: (
            HealthAnswer,
            "A database does not answer",
            HEALTH_ANSWER
            | {
                "status": "unhealthy",
                "services": HEALTH_ANSWER["services"] | {"redis": "unhealthy"},
            },
        ),
    },
    needs_key=False,
)
async def read_health(request: web.Request) -> web.Response:
    """Whether the service can answer, and how TikTok has been answering it lately.

    TikTok's part never changes the status.
    """
    report = await request.app[HEALTH].report()
    return web.Response(
        status=200 if report["status"] == "healthy" else 503,
        body=orjson.dumps(report),
        headers=_HEADERS,
    )


@documented(
    tag="Service",
    summary="Whether the process runs",
    answers={200: (AliveAnswer, "It runs", {"status": "alive"})},
    needs_key=False,
)
async def read_liveness(request: web.Request) -> web.Response:
    """Whether the process runs, whatever its databases do; start it again when it does not."""
    del request
    return web.Response(body=b'{"status":"alive"}', headers=_HEADERS)


@documented(
    tag="Service",
    summary="Whether to send requests here",
    answers={
        200: (ReadyAnswer, "Send requests", {"status": "ready"}),
        503: (NotReadyAnswer, "Send none", ApiError(NOT_READY, **NOT_READY.example).body),
    },
    needs_key=False,
)
async def read_readiness(request: web.Request) -> web.Response:
    """Whether both databases answer and the process is not about to end.

    A load balancer sends requests elsewhere for as long as this is a 503.
    """
    missing = await request.app[HEALTH].what_is_missing()
    if missing is not None:
        raise ApiError(NOT_READY, detail=_DETAILS.get(missing), reason=missing)
    return web.Response(body=b'{"status":"ready"}', headers=_HEADERS)
