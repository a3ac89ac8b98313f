"""Downloading media files for the archive, as TikTok's own player asks for them."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import aiohttp
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.exceptions import DownloadCancelledError, DownloadFailedError, DownloadTimeoutError
from scrapy.http import Headers, Response
from yarl import URL

from crawler.hosts import GuardedResolver, HostRefusedError, Hosts

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

    from settings.env import Environment

_CHUNK_BYTES = 512 * 1024
_CONNECT_S = 5.0
_IDLE_S = 20.0


class MediaDownloadHandler(BaseDownloadHandler):
    """Gets files from allowed hosts only, after each redirect too; bodies are bounded."""

    lazy = True

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        settings = crawler.settings
        environment: Environment = settings["TIKTOK_ENVIRONMENT"]
        self._maxsize = settings.getint("DOWNLOAD_MAXSIZE")
        self._timeout_s = settings.getfloat("DOWNLOAD_TIMEOUT")
        self._hosts = Hosts(environment.tiktok_media_hosts)
        # A proxy may be in a private network; media may not.
        proxies = [f"{url.host}:{url.port}" for url in map(URL, environment.proxy_urls)]
        ways = Hosts([*environment.tiktok_media_hosts, *proxies])
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=settings.getint("CONCURRENT_REQUESTS"), resolver=GuardedResolver(ways)
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            read_bufsize=_CHUNK_BYTES,
            timeout=aiohttp.ClientTimeout(
                total=self._timeout_s, sock_connect=_CONNECT_S, sock_read=_IDLE_S
            ),
        )

    async def download_request(self, request: Request) -> Response:
        """The response to a request, with the headers that the request bears.

        Raises:
            HostRefusedError: it leads to a host that is not allowed.
            DownloadTimeoutError: it did not come whole in time.
            DownloadFailedError: there was no connection, or the response broke off.
            DownloadCancelledError: the file is larger than one may be.
        """
        try:
            async with await self._open(request) as response:
                body = await self._read(response)
        except HostRefusedError:
            raise
        except TimeoutError as error:
            raise DownloadTimeoutError(f"it took longer than {self._timeout_s:.0f} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise DownloadFailedError(f"{type(error).__name__}: {error}") from error
        headers = Headers({"Content-Type": response.headers.get("Content-Type", "")})
        return Response(request.url, status=response.status, headers=headers, body=body)

    async def _open(self, request: Request) -> aiohttp.ClientResponse:
        headers = {str(name): text for name, text in request.headers.to_unicode_dict().items()}

        async def ask(url: URL) -> aiohttp.ClientResponse:
            return await self._session.get(
                url, headers=headers, allow_redirects=False, proxy=request.meta.get("proxy")
            )

        return await self._hosts.follow(request.url, ask)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        # Unlike a list that is joined, it gives its bytes away without a second copy of them.
        body = BytesIO()
        is_too_large = (response.content_length or 0) > self._maxsize
        async for chunk in response.content.iter_any():
            if is_too_large or body.tell() + len(chunk) > self._maxsize:
                raise DownloadCancelledError(f"it has more than {self._maxsize} bytes")
            body.write(chunk)
        return body.getvalue()

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()
