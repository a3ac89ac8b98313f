"""Whose a call is that costs nothing by itself, and the crawl of that account that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.calls import CALL
from api.parts import ADMISSIONS, CRAWLS
from api.webhooks import telling_why

if TYPE_CHECKING:
    from aiohttp import web

    from accounts.limits import Admission
    from crawler.jobs.crawl import Crawl


async def admit_free(request: web.Request) -> Admission:
    """Count a call towards the rate, at no cost.

    Raises:
        ApiError: the call is not admitted.
    """
    return await request.app[ADMISSIONS].admit(request[CALL], cost=0)


async def owned_crawl(request: web.Request) -> tuple[Crawl, Admission]:
    """The crawl that a path names, once its account's call is admitted.

    Raises:
        ApiError: the call is not admitted, or the account has no such crawl.
    """
    admission = await admit_free(request)
    async with telling_why():
        crawl = await request.app[CRAWLS].get(request.match_info["id"], owner=admission.account_id)
    return crawl, admission
