"""Downloading pages: Scrapy's requests over aiohttp's client, and no more work than that.

Scrapy's own handlers give every response a class by its content, all of its headers and two
signals a chunk; a page of a post needs its body, its status and four headers.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import aiohttp
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.exceptions import DownloadCancelledError, DownloadFailedError, DownloadTimeoutError
from scrapy.http import Headers, Response

from crawler.jobs.stages import name_in_log, stage

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

    from crawler.jobs.records import Job

_KEPT_HEADERS = ("Set-Cookie", "Location", "Retry-After", "Content-Type")
_PROXY_REFUSES = 407
_PROXY_ERRORS = (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)
_CHUNK_BYTES = 512 * 1024
_CONNECT_S = 5.0


class ProxyFailedError(DownloadFailedError):
    """No page can be had through the proxy: it is away, or does not let us."""


def _said(error: Exception) -> str:
    """What went wrong; a response's error shows its request, the proxy's password included."""
    if isinstance(error, aiohttp.ClientResponseError):
        return f"{type(error).__name__}: {error.status} {error.message}"
    return repr(error)


class PageDownloadHandler(BaseDownloadHandler):
    """Gets pages; redirects are answers, bodies are bounded and come decompressed."""

    lazy = True

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        settings = crawler.settings
        self._maxsize = settings.getint("DOWNLOAD_MAXSIZE")
        self._timeout_s = settings.getfloat("DOWNLOAD_TIMEOUT")
        self._headers: dict[str, str] = settings.getdict("DEFAULT_REQUEST_HEADERS")
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=settings.getint("CONCURRENT_REQUESTS")),
            cookie_jar=aiohttp.DummyCookieJar(),
            read_bufsize=_CHUNK_BYTES,
            skip_auto_headers=("Content-Type",),
        )

    async def download_request(self, request: Request) -> Response:
        """The response to a request, with its job's id in the log and its time in the trace."""
        job: Job | None = request.meta.get("job")
        name_in_log(job)
        with stage("fetch page", job) as span:
            response = await self._download(request)
            span.set_attribute("http.response.status_code", response.status)
            return response

    async def _download(self, request: Request) -> Response:
        """The response to a request.

        Raises:
            ProxyFailedError: the proxy let nothing through.
            DownloadTimeoutError: it did not come whole in time.
            DownloadFailedError: there was no connection, or the response broke off.
            DownloadCancelledError: the body is larger than a page can be.
        """
        timeout_s = request.meta.get("download_timeout", self._timeout_s)
        began = monotonic()
        try:
            async with self._session.request(
                request.method,
                request.url,
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=_CONNECT_S),
                allow_redirects=False,
                proxy=request.meta.get("proxy"),
            ) as response:
                request.meta["download_latency"] = monotonic() - began
                body = await self._read(response)
        except _PROXY_ERRORS as error:
            raise ProxyFailedError(f"{request.url}: the proxy: {_said(error)}") from error
        except TimeoutError as error:
            if "proxy" in request.meta and isinstance(error, aiohttp.ConnectionTimeoutError):
                raise ProxyFailedError(f"{request.url}: the proxy does not answer") from error
            message = f"{request.url} took longer than {timeout_s} seconds"
            raise DownloadTimeoutError(message) from error
        except (aiohttp.ClientError, ValueError) as error:
            raise DownloadFailedError(f"{request.url}: {_said(error)}") from error
        if response.status == _PROXY_REFUSES and "proxy" in request.meta:
            raise ProxyFailedError(f"{request.url}: the proxy wants another user or password")
        kept = {name: response.headers.getall(name, ()) for name in _KEPT_HEADERS}
        return Response(request.url, status=response.status, headers=Headers(kept), body=body)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        chunks, size = [], 0
        async for chunk in response.content.iter_any():
            chunks.append(chunk)
            size += len(chunk)
            if size > self._maxsize:
                raise DownloadCancelledError(f"{response.url} has more than {self._maxsize} bytes")
        return b"".join(chunks)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()
