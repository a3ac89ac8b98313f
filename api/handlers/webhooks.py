"""Endpoints of the account's webhooks: secret, endpoints, deliveries. They cost nothing."""

from __future__ import annotations

from aiohttp import web

from api import webhook_examples as examples
from api.calls import DATA
from api.changing import respond
from api.documented import documented
from api.errors import (
    CRAWL_NOT_FOUND,
    DELIVERY_CONFLICT,
    DELIVERY_NOT_FOUND,
    INVALID_PARAMETER,
    OF_BODIES,
    OF_KEYS,
    SECRET_CONFLICT,
    WEBHOOK_ENDPOINT_NOT_FOUND,
)
from api.middlewares.gate import behind_gate
from api.owned import admit_free, owned_crawl
from api.parts import DELIVERIES, RECEIVERS, WEBHOOK_SECRETS
from api.schemas.keys import PageRequest
from api.schemas.webhooks import (
    DeliveriesAnswer,
    DeliveryAnswer,
    EndpointAnswer,
    EndpointsAnswer,
    RotateSecretRequest,
    SecretAnswer,
)
from api.webhooks import shown_delivery, shown_endpoint, shown_secret, telling_why

_TAG = "Webhooks"


@documented(
    tag=_TAG,
    summary="Show the secret",
    answers={200: (SecretAnswer, "The secret", examples.SECRET)},
    problems=(SECRET_CONFLICT, *OF_KEYS),
)
async def show_secret(request: web.Request) -> web.Response:
    """What the account's webhooks are signed with; it is made when it is first wanted."""
    owner = (await admit_free(request)).account_id
    async with telling_why():
        secret = await request.app[WEBHOOK_SECRETS].get(owner)
    return respond(shown_secret(secret))


@documented(
    tag=_TAG,
    summary="Rotate the secret",
    body=RotateSecretRequest,
    body_example=examples.ROTATE_REQUEST,
    answers={201: (SecretAnswer, "The new secret", examples.ROTATED)},
    problems=(*OF_BODIES, SECRET_CONFLICT, *OF_KEYS),
)
async def rotate_secret(request: web.Request) -> web.Response:
    """A new secret; messages are signed with both, the old one as well, for `overlap_s` seconds."""
    owner = (await admit_free(request)).account_id
    async with telling_why():
        secret = await request.app[WEBHOOK_SECRETS].rotate(owner, **request[DATA])
    return respond(shown_secret(secret), status=201)


@documented(
    tag=_TAG,
    summary="List the endpoints",
    query=PageRequest,
    answers={200: (EndpointsAnswer, "The endpoints", examples.ENDPOINTS)},
    problems=(INVALID_PARAMETER, *OF_KEYS),
)
async def list_endpoints(request: web.Request) -> web.Response:
    """The addresses that the account's webhooks went to, and how they fare, newest first."""
    owner = (await admit_free(request)).account_id
    async with telling_why():
        page = await request.app[RECEIVERS].page(owner, **request[DATA])
    endpoints = [shown_endpoint(one) for one in page.items]
    return respond({"endpoints": endpoints, "next_cursor": page.cursor})


@documented(
    tag=_TAG,
    summary="Switch an endpoint on",
    answers={200: (EndpointAnswer, "The endpoint", examples.ENDPOINT)},
    problems=(INVALID_PARAMETER, WEBHOOK_ENDPOINT_NOT_FOUND, *OF_KEYS),
)
async def enable_endpoint(request: web.Request) -> web.Response:
    """Send to an endpoint again that was switched off, from its next message on.

    What was not sent meanwhile is sent on `redeliver`.
    """
    owner = (await admit_free(request)).account_id
    async with telling_why():
        endpoint = await request.app[RECEIVERS].switch_on(request.match_info["id"], owner=owner)
    return respond(shown_endpoint(endpoint))


@documented(
    tag=_TAG,
    summary="List a crawl's deliveries",
    query=PageRequest,
    answers={200: (DeliveriesAnswer, "The deliveries", examples.DELIVERIES)},
    problems=(INVALID_PARAMETER, CRAWL_NOT_FOUND, *OF_KEYS),
)
async def list_deliveries(request: web.Request) -> web.Response:
    """The messages of a crawl and every attempt at them, newest first; kept for 30 days."""
    crawl, _ = await owned_crawl(request)
    async with telling_why():
        page = await request.app[DELIVERIES].page(crawl.id, **request[DATA])
    deliveries = [shown_delivery(one) for one in page.items]
    return respond({"deliveries": deliveries, "next_cursor": page.cursor})


@documented(
    tag=_TAG,
    summary="Send a delivery again",
    answers={202: (DeliveryAnswer, "The delivery", examples.REDELIVERED)},
    problems=(
        *(INVALID_PARAMETER, CRAWL_NOT_FOUND, DELIVERY_NOT_FOUND, DELIVERY_CONFLICT),
        *OF_KEYS,
    ),
)
async def redeliver(request: web.Request) -> web.Response:
    """Send a message again at once, and then at the usual times until it arrives.

    It has the same id and body as before and a new signature.
    """
    crawl, _ = await owned_crawl(request)
    async with telling_why():
        delivery = await request.app[DELIVERIES].redeliver(crawl.id, request.match_info["delivery"])
    return respond(shown_delivery(delivery), status=202)


_SECRET, _ENDPOINTS = "/api/v1/webhooks/secret", "/api/v1/webhooks/endpoints"
_DELIVERIES = "/api/v1/crawls/{id}/deliveries"
ROUTES = [
    web.get(_SECRET, behind_gate(show_secret)),
    web.post(f"{_SECRET}/rotate", behind_gate(rotate_secret)),
    web.get(_ENDPOINTS, behind_gate(list_endpoints)),
    web.post(_ENDPOINTS + "/{id}/enable", behind_gate(enable_endpoint)),
    web.get(_DELIVERIES, behind_gate(list_deliveries)),
    web.post(_DELIVERIES + "/{delivery}/redeliver", behind_gate(redeliver)),
]
