"""The site's ordinary answers: what TikTok serves when nothing stands in the way."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING

from aiohttp import web

from tests.site import layouts, notices, pages
from tests.site.addresses import Kind
from tests.site.posts import item_json, post
from tests.site.shortlinks import destination
from tests.site.visits import html, html_with_cookies

if TYPE_CHECKING:
    from tests.site.visits import Visit

DETAIL_SCOPES = {
    Kind.POST: "webapp.video-detail",
    Kind.PROFILE: "webapp.user-detail",
    Kind.HASHTAG: "webapp.challenge-detail",
    Kind.MUSIC: "webapp.music-detail",
}

_NOTICES = {
    "/login": "Log in to TikTok",
    "/hk/notfound": "TikTok is not available in your country or region",
}


async def served(visit: Visit) -> web.StreamResponse:
    """Answer what was asked for, from the recorded responses when there are any."""
    if visit.address.kind is Kind.SHORT:
        status, location = destination(visit.address.name)
        return web.Response(status=status, headers={"Location": location})
    if visit.address.kind is Kind.OTHER:
        return _elsewhere(visit)
    if visit.archive is not None:
        return _replayed(visit)
    return _synthetic(visit)


def refusal(visit: Visit, code: int, message: str) -> web.StreamResponse:
    """A page of full size whose detail scope says nothing but a status."""
    scope = DETAIL_SCOPES.get(visit.address.kind, DETAIL_SCOPES[Kind.POST])
    said = "statusMsg"
    if scope == DETAIL_SCOPES[Kind.POST] and visit.is_mobile:
        scope, said = "webapp.reflow.video.detail", "statusMessage"
    refused = {"statusCode": code, said: message}
    body = pages.page(visit.request.path, {scope: refused})
    return html_with_cookies(body, key=visit.address.key)


def shell(visit: Visit, *, body: str = "") -> web.StreamResponse:
    """A page of full size without any detail scope."""
    return html_with_cookies(pages.page(visit.request.path, {}, body=body), key=visit.address.key)


def _replayed(visit: Visit) -> web.StreamResponse:
    assert visit.archive is not None
    recorded = visit.archive.find(visit.address)
    if recorded is not None:
        key, content_type = visit.address.key, recorded.content_type
        return html_with_cookies(recorded.body, key=key, content_type=content_type)
    return refusal(visit, 10221 if visit.address.kind is Kind.PROFILE else 10204, "")


def _synthetic(visit: Visit) -> web.StreamResponse:
    name = visit.address.name
    match visit.address.kind:
        case Kind.POST if visit.is_mobile:
            body = layouts.reflow(visit.post, visit.url)
        case Kind.POST:
            body = _desktop(name, visit.url, int(time.time()) // 3600)
        case Kind.PROFILE:
            body = layouts.profile(name, visit.url)
        case Kind.HASHTAG:
            body = layouts.hashtag(name)
        case _:
            body = layouts.music(name, visit.url)
    return html_with_cookies(body, key=visit.address.key)


def _desktop(post_id: str, url: str, hour: int) -> bytes:
    """The desktop page; addresses in it are signed anew each ``hour``."""
    return pages.page(post(post_id).path, {"webapp.video-detail": _scope(post_id, url, hour)})


@lru_cache(maxsize=2_000)
def _scope(post_id: str, url: str, hour: int) -> object:
    del hour
    one = post(post_id)
    return pages.fragment(pages.detail(item_json(one, url), title=one.username))


def _elsewhere(visit: Visit) -> web.StreamResponse:
    path = visit.request.path
    if path in _NOTICES:
        return shell(visit, body=f"<h1>{_NOTICES[path]}</h1>")
    if path == "/captcha/verify":
        return html(notices.SECURITY_CHECK)
    if path in {"/", "/explore"} or path.startswith("/@"):
        return shell(visit)
    return html(b"<html><head><title>404</title></head><body>Not found</body></html>", status=404)
