"""The endpoint that Prometheus scrapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from api.addresses import caller_address, is_within
from api.documented import documented
from api.errors import METRICS_REFUSED, OUR_FAULT, ApiError
from api.parts import ENVIRONMENT, SCRAPE

if TYPE_CHECKING:
    from settings.env import Environment

_HEADERS = {"Content-Type": CONTENT_TYPE_PLAIN_0_0_4}
_FORWARDED = ("X-Forwarded-For", "Forwarded")
_EXAMPLE = """\
# HELP tiktok_redis_up Whether Redis answers.
# TYPE tiktok_redis_up gauge
tiktok_redis_up 1.0
"""


@documented(
    tag="Service",
    summary="Metrics for Prometheus",
    answers={200: (None, "All metrics", None)},
    texts={"text/plain": _EXAMPLE},
    problems=(METRICS_REFUSED, OUR_FAULT),
    needs_key=False,
)
async def read_metrics(request: web.Request) -> web.Response:
    """What the service counts, in Prometheus' text format.

    Only networks that the operator named may read it; loopback unless set otherwise.
    """
    if not _may_read(request, request.app[ENVIRONMENT]):
        raise ApiError(METRICS_REFUSED)
    return web.Response(body=await request.app[SCRAPE].write(), headers=_HEADERS)


def _may_read(request: web.Request, environment: Environment) -> bool:
    trusted = environment.trusted_proxies
    address = caller_address(request, trusted) or ""
    # Behind a proxy that nobody named every caller seems to be the proxy.
    if any(name in request.headers for name in _FORWARDED) and not is_within(
        request.remote or "", trusted
    ):
        return False
    return is_within(address, environment.metrics_allow_networks)
