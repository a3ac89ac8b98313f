"""One request, as the functions that answer it see it."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING
from zlib import crc32

from aiohttp import web
from multidict import CIMultiDict

from tests.site.posts import post

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tests.site.addresses import Address
    from tests.site.lists.memory import Lists
    from tests.site.posts import Post
    from tests.site.replay import Archive

    Answer = Callable[["Visit"], Awaitable[web.StreamResponse]]

_SOME_POST = 7_300_000_000_000_000_000
HTML = "text/html; charset=utf-8"
_PHONE = re.compile(r"iPhone|Android.+Mobile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request for one address of the site."""

    request: web.Request
    address: Address
    url: str
    """Where the site listens, such as ``http://127.0.0.1:4711``."""
    number: int
    """How often this address has been asked for, this time included."""
    archive: Archive | None
    """The recorded responses that are replayed; None when posts are synthetic."""
    lists: Lists
    is_first_time: bool
    """Whether just this path and query had not been asked for before."""

    @property
    def is_mobile(self) -> bool:
        """Whether the mobile layout is due: by the address or by the User-Agent."""
        agent = self.request.headers.get("User-Agent", "")
        return self.address.form == "v" or _PHONE.search(agent) is not None

    @property
    def post(self) -> Post:
        """The post that was asked for, or some post when something else was."""
        name = self.address.name
        if name.isdigit():
            return self.lists.post(name)
        return post(str(_SOME_POST + crc32(name.encode())))


def html(
    body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """An HTML answer without cookies."""
    return web.Response(
        body=body,
        status=status,
        headers={"Content-Type": HTML, **(headers or {})},
    )


def html_with_cookies(body: bytes, *, key: str, content_type: str = HTML) -> web.Response:
    """A page as TikTok sends it: with the token its media demand, in quotes, and a visitor id."""
    headers = CIMultiDict({"Content-Type": content_type})
    headers.add("Set-Cookie", f'tt_chain_token="{chain_token(key)}"; Path=/; HttpOnly')
    headers.add("Set-Cookie", "ttwid=1%7Csample%7C1729000000%7C0; Path=/; HttpOnly")
    return web.Response(body=body, headers=headers)


def chain_token(key: str) -> str:
    """The value of ``tt_chain_token`` inside its quotes; it holds ``+``, ``/`` and ``=``."""
    return b64encode(sha256(key.encode()).digest()[:12]).decode() + "+/A=="
