"""Endpoints of crawls: made, listed, shown, cancelled, retried. What they deliver is charged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from api import crawl_examples as examples
from api.calls import DATA
from api.changing import respond
from api.crawls import preview, read_wanted, wanted_id
from api.documented import documented
from api.errors import (
    CRAWL_CONFLICT,
    CRAWL_NOT_FOUND,
    INVALID_PARAMETER,
    MISSING_PARAMETER,
    OF_BODIES,
    OF_KEYS,
)
from api.middlewares.gate import behind_gate
from api.owned import admit_free, owned_crawl
from api.parts import CRAWLS, ENVIRONMENT, STORED
from api.schemas.crawl_answers import (
    CrawlAnswer,
    CrawlDetailAnswer,
    CrawlsAnswer,
    PreviewAnswer,
)
from api.schemas.crawls import CrawlRequest, CrawlsRequest, TargetsRequest
from api.webhooks import check_webhook, telling_why
from crawler.jobs.shapes import show_crawl, show_target

if TYPE_CHECKING:
    from crawler.jobs.crawl import Crawl

_TAG = "Crawls"
_PATH = "/api/v1/crawls"
_MAKING_S = 15.0
"""Ten thousand targets take a second to be written, or several where much is going on."""


@documented(
    tag=_TAG,
    summary="Make a crawl",
    body=CrawlRequest,
    body_example=examples.REQUEST,
    files_taken={"text/csv": examples.CSV, "multipart/form-data": examples.FORM},
    answers={
        200: (PreviewAnswer, "What it may cost, with dry_run", examples.PREVIEW),
        202: (CrawlAnswer, "The crawl", examples.QUEUED),
    },
    answer_headers={"Location": "Where it can be watched."},
    problems=(MISSING_PARAMETER, *OF_BODIES, *OF_KEYS),
)
async def create_crawl(request: web.Request) -> web.Response:
    """Crawl up to 10,000 targets in the background.

    It costs nothing by itself: each item that it delivers is charged as one request, and it stops
    when the month is spent. When a target is wrong nothing is made, and the answer's `problems` say
    of each wrong one what to write.

    The targets may be sent as a CSV file with the columns `type` and `value` instead, as the body
    or in a form. What else the request says is then in the form or in the query; that of a request
    in JSON may be in the query too, where the body does not say it.
    """
    asked = request[DATA]
    wanted = await read_wanted(asked)
    admission = await admit_free(request)
    await check_webhook(request, wanted.options.webhook)
    owner, left = admission.account_id, admission.requests_remaining
    async with telling_why(within_s=_MAKING_S):
        if asked["dry_run"]:
            return respond(await preview(wanted, request.app[STORED], requests_remaining=left))
        crawl = await request.app[CRAWLS].create(
            wanted.targets, wanted.options, owner=owner, crawl_id=await wanted_id(request, owner)
        )
    return _accepted(request, crawl)


@documented(
    tag=_TAG,
    summary="List the crawls",
    query=CrawlsRequest,
    answers={200: (CrawlsAnswer, "The crawls", examples.CRAWLS)},
    problems=(INVALID_PARAMETER, *OF_KEYS),
)
async def list_crawls(request: web.Request) -> web.Response:
    """The account's crawls, newest first."""
    owner = (await admit_free(request)).account_id
    async with telling_why():
        page = await request.app[CRAWLS].page(owner=owner, **request[DATA])
    return respond({"crawls": list(map(show_crawl, page.items)), "next_cursor": page.cursor})


@documented(
    tag=_TAG,
    summary="Show a crawl",
    query=TargetsRequest,
    answers={200: (CrawlDetailAnswer, "The crawl", examples.DETAIL)},
    problems=(INVALID_PARAMETER, CRAWL_NOT_FOUND, *OF_KEYS),
)
async def show_crawl_and_targets(request: web.Request) -> web.Response:
    """How far a crawl is, and what came of its targets, a page of them at a time."""
    (crawl, _), asked = await owned_crawl(request), request[DATA]
    async with telling_why():
        page = await request.app[CRAWLS].targets(
            crawl.id, state=asked["state"], limit=asked["limit"], cursor=asked["cursor"]
        )
    targets = [show_target(one) for one in page.items]
    return respond({**show_crawl(crawl), "targets": targets, "next_cursor": page.cursor})


@documented(
    tag=_TAG,
    summary="Cancel a crawl",
    answers={
        200: (CrawlAnswer, "The crawl, which had ended before", examples.SUCCEEDED),
        202: (CrawlAnswer, "The crawl, which ends in a moment", examples.CANCELLED),
    },
    problems=(INVALID_PARAMETER, CRAWL_NOT_FOUND, *OF_KEYS),
)
async def cancel_crawl(request: web.Request) -> web.Response:
    """Want no more of a crawl: nothing new of it begins, and what runs is stopped.

    Its state is `cancelled` a few seconds later. What it delivered stays, and stays charged. One
    that has ended stays as it is.
    """
    owner = (await admit_free(request)).account_id
    async with telling_why():
        crawl = await request.app[CRAWLS].cancel(request.match_info["id"], owner=owner)
    return respond(show_crawl(crawl), status=200 if crawl.state.is_ended else 202)


@documented(
    tag=_TAG,
    summary="Retry a crawl",
    answers={202: (CrawlAnswer, "The crawl", examples.RETRIED)},
    answer_headers={"Location": "Where it can be watched."},
    problems=(INVALID_PARAMETER, CRAWL_NOT_FOUND, CRAWL_CONFLICT, *OF_KEYS),
)
async def retry_crawl(request: web.Request) -> web.Response:
    """Crawl the failed targets of a crawl that has ended once more; it goes on as the same crawl.

    What was delivered before is neither delivered nor charged again.
    """
    owner = (await admit_free(request)).account_id
    async with telling_why(within_s=_MAKING_S):
        crawl = await request.app[CRAWLS].retry(request.match_info["id"], owner=owner)
    return _accepted(request, crawl)


def _accepted(request: web.Request, crawl: Crawl) -> web.Response:
    response = respond(show_crawl(crawl), status=202)
    address = request.app[ENVIRONMENT].public_address
    response.headers["Location"] = f"{address}{_PATH}/{crawl.id}"
    return response


ROUTES = [
    web.post(_PATH, behind_gate(create_crawl)),
    web.get(_PATH, behind_gate(list_crawls), allow_head=False),
    web.get(_PATH + "/{id}", behind_gate(show_crawl_and_targets), allow_head=False),
    web.delete(_PATH + "/{id}", behind_gate(cancel_crawl)),
    web.post(_PATH + "/{id}/retry", behind_gate(retry_crawl)),
]
