"""The site's ordinary answers: what TikTok serves when nothing stands in the way."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from aiohttp import web

from tests.site import layouts, notices, pages
from tests.site.addresses import Kind
from tests.site.lists.endpoints import list_page
from tests.site.lists.opened import inline_items, list_body
from tests.site.posts import item_json
from tests.site.shortlinks import destination
from tests.site.visits import html, html_with_cookies

if TYPE_CHECKING:
    from tests.site.posts import Post
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
    return await list_page(visit) if visit.address.kind is Kind.LIST else _synthetic(visit)


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
    name, lists = visit.address.name, visit.lists
    key = visit.address.key
    match visit.address.kind:
        case Kind.POST if visit.is_mobile:
            return html_with_cookies(layouts.reflow(_commented(visit), visit.url), key=key)
        case Kind.POST:
            hour = int(time.time()) // 3600
            scopes: dict[str, object] = {
                "webapp.video-detail": _scope(_commented(visit), visit.url, hour)
            }
            path = visit.post.path
        case Kind.PROFILE:
            path = f"/@{name}"
            scopes = {"webapp.user-detail": layouts.user_scope(name, visit.url, lists.total(key))}
            if items := inline_items(visit):
                first = {"itemList": items, "hasMore": True, "cursor": "0", "statusCode": 0}
                scopes["webapp.user-post"] = first
        case Kind.HASHTAG:
            path = f"/tag/{name}"
            scope = layouts.hashtag_scope(name, lists.total(key))
            scopes = {"webapp.challenge-detail": scope | _inline(visit)}
        case Kind.MUSIC:
            path = f"/music/-{name}"
            scope = layouts.music_scope(name, visit.url, lists.total(key))
            scopes = {"webapp.music-detail": scope | _inline(visit)}
        case _:
            path, scopes = visit.request.path, {}
    return html_with_cookies(pages.page(path, scopes, body=list_body(visit)), key=key)


def _inline(visit: Visit) -> dict[str, object]:
    items = inline_items(visit)
    return {"itemList": items} if items else {}


def _commented(visit: Visit) -> Post:
    """The post, with as many comments as its list says."""
    return replace(visit.post, comments=visit.lists.total(visit.address.key))


@lru_cache(maxsize=2_000)
def _scope(one: Post, url: str, hour: int) -> object:
    """The post's scope; addresses in it are signed anew each ``hour``."""
    del hour
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
