"""Served pages with something odd about them: earlier layouts, other posts, missing keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.site import layouts, pages
from tests.site.posts import post
from tests.site.visits import html_with_cookies

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from tests.site.posts import Post
    from tests.site.visits import Answer, Visit


def layout(write: Callable[[Post, str], bytes]) -> Answer:
    """The post's page in that layout."""

    async def answer(visit: Visit) -> web.StreamResponse:
        body = write(visit.post, visit.url)
        return html_with_cookies(body, key=visit.address.key)

    return answer


def changed(**changes: object) -> Answer:
    """The desktop page with keys of the item replaced; None takes a key away."""
    return layout(lambda one, url: layouts.desktop(one, url, **changes))


async def photo(visit: Visit) -> web.StreamResponse:
    one = replace(visit.post, is_photo=True)
    write = layouts.reflow if visit.is_mobile else layouts.desktop
    return html_with_cookies(write(one, visit.url), key=visit.address.key)


async def wrong_item(visit: Visit) -> web.StreamResponse:
    other = post(str(int(visit.post.id) + 1_000_003))
    return html_with_cookies(layouts.desktop(other, visit.url), key=visit.address.key)


async def canonical_elsewhere(visit: Visit) -> web.StreamResponse:
    one = replace(visit.post, is_photo=True)
    if visit.address.username == one.username:
        return await photo(visit)
    return html_with_cookies(pages.page(one.path, {}), key=visit.address.key)


async def private_but_visible(visit: Visit) -> web.StreamResponse:
    body = layouts.profile(visit.address.name, visit.url)
    body = body.replace(b'"statusCode":0', b'"statusCode":10222')
    return html_with_cookies(body, key=visit.address.key)


async def growing(visit: Visit) -> web.StreamResponse:
    one = visit.post
    earlier = visit.number - 1
    grown = replace(one, views=one.views + one.views * earlier // 10)
    return html_with_cookies(layouts.desktop(grown, visit.url), key=visit.address.key)
