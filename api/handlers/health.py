"""Endpoints for whoever watches the service."""

from __future__ import annotations

import orjson
from aiohttp import web

from api.documented import documented
from api.examples import HEALTH_ANSWER
from api.middlewares.envelope import JSON
from api.parts import HEALTH
from api.schemas.health import HealthAnswer


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
        headers={"Content-Type": JSON, "Cache-Control": "no-store"},
    )
