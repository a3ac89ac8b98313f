"""The oEmbed answer: a post's caption and author, without statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from aiohttp import web

from tests.site.addresses import Kind, read_address
from tests.site.pages import CANONICAL_HOST
from tests.site.people import person
from tests.site.posts import post

if TYPE_CHECKING:
    from tests.site.posts import Post
    from tests.site.replay import Archive


def oembed(asked: str, url: str, *, archive: Archive | None) -> web.Response:
    """Answer ``/oembed?url=asked``; anything but a known post's address is refused."""
    address = read_address(unquote(urlsplit(asked).path))
    if address.kind is not Kind.POST:
        return _refused()
    if archive is None:
        return web.json_response(_embed(post(address.name), url))
    recorded = archive.by_key.get(f"oembed:{address.name}")
    if recorded is None:
        return _refused()
    return web.Response(body=recorded.body, content_type="application/json")


def _refused() -> web.Response:
    return web.json_response({"code": 400, "message": "Something went wrong"}, status=400)


def _embed(one: Post, url: str) -> dict[str, object]:
    address = CANONICAL_HOST + one.path
    return {
        "version": "1.0",
        "type": "video",
        "title": one.caption.text,
        "author_url": f"{CANONICAL_HOST}/@{one.username}",
        "author_name": person(one.username).nickname,
        "author_unique_id": one.username,
        "width": "100%",
        "height": "100%",
        "html": f'<blockquote class="tiktok-embed" cite="{address}" data-video-id="{one.id}">'
        "</blockquote>",
        "thumbnail_width": 576,
        "thumbnail_height": 1024,
        "thumbnail_url": f"{url}/media/{one.id}/cover.jpeg",
        "provider_url": CANONICAL_HOST,
        "provider_name": "TikTok",
        "embed_product_id": one.id,
        "embed_type": "photo" if one.is_photo else "video",
    }
