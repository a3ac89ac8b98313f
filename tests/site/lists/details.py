"""The headers of pages, for the page itself and as a shell of a page fetches them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.site import layouts, pages
from tests.site.posts import item_json

if TYPE_CHECKING:
    from tests.site.visits import Visit

Json = dict[str, Any]

DETAILS = {
    "/api/user/detail/": ("uniqueId", "@"),
    "/api/challenge/detail/": ("challengeName", "#"),
    "/api/music/detail/": ("musicId", "music:"),
    "/api/item/detail/": ("itemId", ""),
}
"""Path → the parameter that names the target, and what stands before it in the target's key."""


def header(visit: Visit) -> web.Response:
    """The JSON of a header."""
    key = visit.address.name
    name = key.partition(":")[2] or key.lstrip("@#")
    total = visit.lists.total(key)
    visit.lists.id_of(key)
    match visit.request.path:
        case "/api/user/detail/":
            scope = layouts.user_scope(name, visit.url, total)
        case "/api/challenge/detail/":
            scope = layouts.hashtag_scope(name, total)
        case "/api/music/detail/":
            scope = layouts.music_scope(name, visit.url, total)
        case _:
            one = visit.lists.post(name)
            scope = pages.detail(item_json(one, visit.url), title=one.username)
    return web.json_response(scope)
