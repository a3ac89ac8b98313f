"""Asking TikTok's media servers as the page's own player would, and judging what they answer."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)

from api.errors import OUT_OF_RANGE, ApiError, refusal
from crawler.egress.names import proxy_of
from crawler.errors import Reason
from crawler.hosts import GuardedResolver, Hosts
from pipelines.files import Kind, headers_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from yarl import URL

    from pipelines.files import File

logger = logging.getLogger(__name__)

CONNECT_S = 5.0
IDLE_S = 20.0
"""How long TikTok may send nothing of a file that we would take."""
CHUNK = 64 * 1024
_GONE = frozenset({403, 404, 410})
_ONE_PART = re.compile(r"bytes=(?:\d+-\d*|-\d+)", re.ASCII)
_TEXTS = ("text/html", "application/json", "application/xml", "text/xml", "text/plain")


class GoneError(Exception):
    """The address is not served any more; a new extraction may have another."""


class Upstream:
    """Opens files; one for each process. Nothing but allowed hosts is ever asked."""

    def __init__(
        self,
        allowed: Iterable[str],
        proxy_urls: Sequence[str] = (),
        *,
        connect_s: float = CONNECT_S,
        idle_s: float = IDLE_S,
    ) -> None:
        self._hosts = Hosts(allowed)
        self._proxy_urls = proxy_urls
        self._timeout = ClientTimeout(total=None, sock_connect=connect_s, sock_read=idle_s)
        self._direct = self._session(TCPConnector(limit=0, resolver=GuardedResolver(self._hosts)))
        # Where there is a proxy, its name is all that is looked up here.
        self._proxied = self._session(TCPConnector(limit=0))

    async def close(self) -> None:
        """Close all connections."""
        await self._direct.close()
        await self._proxied.close()

    async def open(
        self, file: File, *, method: str = "GET", part: Mapping[str, str] | None = None
    ) -> ClientResponse:
        """A file's headers, and its bytes as they are read; ``part`` are headers that ask for one.

        Raises:
            GoneError: TikTok refuses the address.
            ApiError: TikTok does not answer, or the file has no such part.
        """
        headers = {**headers_for(file), **(part or {})}
        try:
            upstream = await self._follow(file, method, headers)
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            # Its text can hold a signed address or a proxy's password.
            logger.warning("TikTok does not give a file: %s", type(error).__name__)
            raise refusal(Reason.UPSTREAM_ERROR) from error
        try:
            _check(upstream, file.choice.kind, is_part="Range" in headers)
        except BaseException:
            upstream.close()
            raise
        return upstream

    async def _follow(self, file: File, method: str, headers: Mapping[str, str]) -> ClientResponse:
        proxy = proxy_of(file.session.egress if file.session else None, self._proxy_urls)
        session = self._proxied if proxy else self._direct

        async def ask(url: URL) -> ClientResponse:
            return await session.request(
                method, url, headers=headers, allow_redirects=False, proxy=proxy
            )

        return await self._hosts.follow(file.url, ask)

    def _session(self, connector: TCPConnector) -> ClientSession:
        return ClientSession(
            connector=connector,
            timeout=self._timeout,
            cookie_jar=DummyCookieJar(),
            read_bufsize=CHUNK,
            auto_decompress=False,
        )


def part_of(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that ask for one part; lists of parts are answered with the whole file."""
    wanted = headers.get("Range", "")
    if not _ONE_PART.fullmatch(wanted):
        return {}
    condition = headers.get("If-Range")
    return {"Range": wanted, **({"If-Range": condition} if condition else {})}


def _check(upstream: ClientResponse, kind: Kind, *, is_part: bool) -> None:
    headers = upstream.headers
    if upstream.status in _GONE:
        raise GoneError
    if upstream.status == 416 and is_part:
        told = headers.get("Content-Range")
        raise ApiError(OUT_OF_RANGE, headers={"Content-Range": told} if told else None)
    if upstream.status != 200 and not (upstream.status == 206 and is_part):
        raise refusal(Reason.UPSTREAM_ERROR)
    if headers.get("Content-Encoding", "identity") != "identity":
        raise refusal(Reason.UPSTREAM_ERROR)
    if headers.get("Content-Length") == "0" and upstream.method == "GET":
        raise GoneError
    # A page that says why there is no file is none.
    if kind is not Kind.SUBTITLES and headers.get("Content-Type", "").startswith(_TEXTS):
        raise GoneError
