"""Streaming media from TikTok's servers as the page's own player would fetch them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
    web,
)

from api.errors import OUT_OF_RANGE, UNAVAILABLE, ApiError, refusal
from api.hosts import GuardedResolver, Hosts
from crawler.errors import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines.documents.video import Session
    from pipelines.files import File

CONNECT_S = 5.0
IDLE_S = 20.0
CHUNK = 64 * 1024
_HOPS = 4
_GONE = frozenset({403, 404, 410})
_ASKED = ("Range", "If-Range")
_TOLD = ("Content-Length", "Content-Range", "ETag", "Last-Modified")


class GoneError(Exception):
    """The address is not served any more; a new extraction may have another."""


class Player:
    """Fetches media; one for each process. Nothing but allowed hosts is ever asked."""

    def __init__(
        self, allowed: Iterable[str], *, connect_s: float = CONNECT_S, idle_s: float = IDLE_S
    ) -> None:
        self._hosts = Hosts(allowed)
        self._session = ClientSession(
            connector=TCPConnector(limit=0, resolver=GuardedResolver(self._hosts)),
            timeout=ClientTimeout(total=None, sock_connect=connect_s, sock_read=idle_s),
            cookie_jar=DummyCookieJar(),
            read_bufsize=CHUNK,
            auto_decompress=False,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def play(self, request: web.Request, file: File) -> web.StreamResponse:
        """Pass the file on, or the part of it that the caller asked for.

        Raises:
            GoneError: TikTok refuses the address; nothing was sent yet.
            ApiError: TikTok does not answer; nothing was sent yet.
        """
        try:
            upstream = await self._open(request, file)
        except (ClientError, TimeoutError, OSError) as error:
            raise refusal(Reason.UPSTREAM_ERROR) from error
        async with upstream:
            _check(upstream)
            response = _response(request, upstream)
            await response.prepare(request)
            if request.method != "HEAD":
                await _pass_on(upstream, response, request)
            return response

    async def _open(self, request: web.Request, file: File) -> ClientResponse:
        headers = {
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Referer": "https://www.tiktok.com/",
            **_borne(file.session),
            **{name: request.headers[name] for name in _ASKED if name in request.headers},
        }
        url = self._hosts.check(file.url)
        for _ in range(_HOPS):
            upstream = await self._session.request(
                request.method, url, headers=headers, allow_redirects=False
            )
            location = upstream.headers.get("Location")
            if upstream.status not in {301, 302, 303, 307, 308} or location is None:
                return upstream
            upstream.close()
            url = self._hosts.check(str(url.join(type(url)(location, encoded=True))))
        raise ApiError(UNAVAILABLE, detail="TikTok redirects the file in circles")


def _borne(session: Session | None) -> dict[str, str]:
    """What tells TikTok that the page's own visitor asks; its token goes as it came, in quotes."""
    cookie, user_agent = (session.cookie, session.user_agent) if session else (None, None)
    return {
        **({"User-Agent": user_agent} if user_agent else {}),
        **({"Cookie": f"tt_chain_token={cookie}"} if cookie else {}),
    }


def _check(upstream: ClientResponse) -> None:
    if upstream.status in _GONE:
        raise GoneError
    if upstream.status == 416:
        told = upstream.headers.get("Content-Range")
        raise ApiError(OUT_OF_RANGE, headers={"Content-Range": told} if told else None)
    if upstream.status not in {200, 206}:
        raise refusal(Reason.UPSTREAM_ERROR)


def _response(request: web.Request, upstream: ClientResponse) -> web.StreamResponse:
    name = f"tiktok-{request.match_info['id']}.mp4"
    told = {name: upstream.headers[name] for name in _TOLD if name in upstream.headers}
    kind = upstream.content_type
    return web.StreamResponse(
        status=upstream.status,
        headers={
            **told,
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, no-store",
            "Content-Disposition": f'inline; filename="{name}"',
            "Content-Type": kind if kind.startswith(("video/", "audio/")) else "video/mp4",
            "X-Content-Type-Options": "nosniff",
        },
    )


async def _pass_on(
    upstream: ClientResponse, response: web.StreamResponse, request: web.Request
) -> None:
    """Send as fast as the caller reads, a chunk at a time; end with whichever side leaves."""
    try:
        async for chunk in upstream.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
    except (ClientError, OSError, asyncio.CancelledError) as error:
        upstream.close()
        if request.transport is not None:
            request.transport.abort()
        if isinstance(error, asyncio.CancelledError):
            raise
