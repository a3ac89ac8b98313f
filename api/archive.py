"""Serving files from the archive instead of from TikTok."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, web
from yarl import URL

from api.errors import OUT_OF_RANGE, ApiError
from api.media import ASKED, CHUNK, CONNECT_S, IDLE_S, TOLD, pass_on
from services.archive import Bucket, Folder, open_archive
from services.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.abc import AbstractStreamWriter

    from pipelines.documents.video import Kept

logger = logging.getLogger(__name__)


class Archive:
    """What is kept of posts, as answers; nothing at all without ``ARCHIVE_URL``."""

    def __init__(self, address: str | None) -> None:
        self._place = open_archive(address) if address is not None else None
        self._session = ClientSession(
            timeout=ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=IDLE_S),
            cookie_jar=DummyCookieJar(),
            read_bufsize=CHUNK,
            auto_decompress=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def play(
        self, request: web.Request, kept: Kept | None, headers: Mapping[str, str]
    ) -> web.StreamResponse | None:
        """Send the file, or the part of it that the caller asked for.

        Returns:
            None when it is not there or cannot be had now; nothing was sent yet.

        Raises:
            ApiError: the part is past the file's end.
        """
        if kept is None or self._place is None:
            return None
        if isinstance(self._place, Folder):
            return await _from_folder(self._place, request, kept, headers)
        return await self._from_bucket(self._place, request, kept, headers)

    async def _from_bucket(
        self, bucket: Bucket, request: web.Request, kept: Kept, headers: Mapping[str, str]
    ) -> web.StreamResponse | None:
        asked = {name: request.headers[name] for name in ASKED if name in request.headers}
        try:
            # Fresh credentials of a role are fetched with a call that blocks.
            address = await asyncio.to_thread(bucket.sign, kept.path, method=request.method)
            url = URL(address, encoded=True)
            upstream = await self._session.request(request.method, url, headers=asked)
        except (ServiceError, ClientError, TimeoutError, OSError) as error:
            logger.warning("the archive does not answer: %r", error)
            return None
        async with upstream:
            if upstream.status == 416:
                raise _past_the_end(kept.size)
            if upstream.status not in {200, 206}:
                logger.warning("the archive answers %d for %s", upstream.status, kept.path)
                return None
            told = {name: upstream.headers[name] for name in TOLD if name in upstream.headers}
            response = web.StreamResponse(
                status=upstream.status, headers={**told, "Accept-Ranges": "bytes", **headers}
            )
            await response.prepare(request)
            if request.method != "HEAD":
                await pass_on(upstream, response, request)
            return response


class _FileResponse(web.FileResponse):
    """Sends its file once: what holds the stream waits for it, before the server does."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return None if self.prepared else await super().prepare(request)


async def _from_folder(
    folder: Folder, request: web.Request, kept: Kept, headers: Mapping[str, str]
) -> web.StreamResponse | None:
    path = await asyncio.to_thread(folder.find, kept.path)
    if path is None:
        logger.warning("the archive has lost %s", kept.path)
        return None
    _check_range(request, kept.size)
    response = _FileResponse(path, headers=headers)
    try:
        await response.prepare(request)
    except OSError:  # the caller has left
        if request.transport is not None:
            request.transport.abort()
    return response


def _check_range(request: web.Request, size: int) -> None:
    try:
        start = request.http_range.start or 0
    except ValueError:
        start = size
    if start >= size and "If-Range" not in request.headers:
        raise _past_the_end(size)


def _past_the_end(size: int) -> ApiError:
    return ApiError(OUT_OF_RANGE, headers={"Content-Range": f"bytes */{size}"})
