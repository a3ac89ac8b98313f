"""Endpoints of what crawls deliver and of what happens in them. They cost nothing."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web

from api import crawl_examples as examples
from api.calls import DATA
from api.changing import respond
from api.delivered import Format
from api.documented import documented
from api.errors import (
    CRAWL_NOT_FOUND,
    INVALID_PARAMETER,
    OF_KEYS,
    TOO_MANY_STREAMS,
    ApiError,
)
from api.middlewares.gate import behind_gate
from api.owned import owned_crawl
from api.parts import DELIVERED, WATCHED, WATCHES
from api.schemas.crawl_answers import ItemsAnswer
from api.schemas.crawls import ItemsRequest
from api.streaming import leaving, stream
from api.watching import CONTENT_TYPE
from api.webhooks import telling_why
from settings.plans import PLANS

_TAG = "Crawls"
_TYPES = {Format.JSONL: "application/x-ndjson", Format.CSV: "text/csv; charset=utf-8"}
_EVENTS = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_EVENT_ID = re.compile(r"[0-9]{1,18}-[0-9]{1,18}")


@documented(
    tag=_TAG,
    summary="Read a crawl's items",
    query=ItemsRequest,
    answers={200: (ItemsAnswer, "Some items", examples.ITEMS)},
    texts={"application/x-ndjson": examples.ITEMS_JSONL, "text/csv": examples.ITEMS_CSV},
    problems=(INVALID_PARAMETER, CRAWL_NOT_FOUND, *OF_KEYS),
)
async def read_items(request: web.Request) -> web.StreamResponse:
    """What a crawl delivered, in that order, as it is stored now; while it goes on, so far.

    A page of JSON, or with `format` a file of all items behind the cursor.
    """
    crawl, admission = await owned_crawl(request)
    asked, form = request[DATA], request[DATA]["format"] or Format.JSON
    has_country = PLANS[admission.plan].country_detection
    more: Any = {"cursor": asked["cursor"], "with_country": has_country}
    if form is Format.JSON:
        async with telling_why():
            page = await request.app[DELIVERED].page(crawl, limit=asked["limit"], **more)
        return respond({"items": page.items, "next_cursor": page.cursor})
    headers = {
        "Content-Type": _TYPES[form],
        "Content-Disposition": f'attachment; filename="{crawl.id}.{form}"',
    }
    return await stream(
        request, request.app[DELIVERED].file(crawl, form, **more), headers, telling_why()
    )


@documented(
    tag=_TAG,
    summary="Watch a crawl",
    headers={"Last-Event-ID": "The `id` of the last event that you have: what is behind it comes."},
    answers={200: (None, "Its events", None)},
    texts={CONTENT_TYPE: examples.EVENTS},
    problems=(INVALID_PARAMETER, CRAWL_NOT_FOUND, TOO_MANY_STREAMS, *OF_KEYS),
)
async def watch_crawl(request: web.Request) -> web.StreamResponse:
    """The crawl's events as server-sent events: those that are kept, then each as it happens.

    `progress` about each second, `target` with the outcome of one, and `end`, which is the last.
    The last 1,000 are kept, for a day. Free, Basic, Pro and Business accounts may watch 2, 8, 16
    and 32 times at once.
    """
    crawl, admission = await owned_crawl(request)
    after = request.headers.get("Last-Event-ID")
    if after is not None and not _EVENT_ID.fullmatch(after):
        wrong = "The header 'Last-Event-ID' must be the id of an event"
        raise ApiError(INVALID_PARAMETER, detail=wrong)
    async with request.app[WATCHED].hold(admission.account_id, admission.plan):
        with leaving(request) as left:
            events = request.app[WATCHES].watch(crawl, after=after, over=left)
            return await stream(request, events, _EVENTS, telling_why())


_CRAWL = "/api/v1/crawls/{id}"
ROUTES = [
    web.get(f"{_CRAWL}/items", behind_gate(read_items), allow_head=False),
    web.get(f"{_CRAWL}/events", behind_gate(watch_crawl), allow_head=False),
]
