"""Taking files from the archive instead of from TikTok."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, web
from multidict import CIMultiDict
from yarl import URL

from api.errors import OUT_OF_RANGE, ApiError
from api.upstream import CHUNK, CONNECT_S, IDLE_S, part_of
from services.archive import Bucket, Folder, open_archive
from services.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import stat_result
    from pathlib import Path

    from aiohttp.abc import AbstractStreamWriter

    from pipelines.documents.video import Kept

logger = logging.getLogger(__name__)


class Archive:
    """What is kept of posts; nothing at all without ``ARCHIVE_URL``. One for each process."""

    def __init__(self, address: str | None = None) -> None:
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

    async def find(self, kept: Kept | None) -> Path | None:
        """The file in the archive's folder; None when it is not there."""
        if kept is None or not isinstance(self._place, Folder):
            return None
        path = await asyncio.to_thread(self._place.find, kept.path)
        if path is None:
            logger.warning("the archive has lost %s", kept.path)
        return path

    async def open(
        self, kept: Kept | None, *, method: str = "GET", part: Mapping[str, str] | None = None
    ) -> ClientResponse | None:
        """The object in the archive's bucket; None when it is not there or cannot be had now.

        Raises:
            ApiError: it has no such part.
        """
        if kept is None or not isinstance(self._place, Bucket):
            return None
        found = await self._ask(self._place, kept, method, _unless_changed(part or {}))
        if found is not None and found.status == 412:
            found.close()
            found = await self._ask(self._place, kept, method, {})
        if found is None or found.status in {200, 206}:
            return found
        found.close()
        if found.status == 416 and part:
            raise _past_the_end(kept.size)
        logger.warning("the archive answers %d for %s", found.status, kept.path)
        return None

    async def _ask(
        self, bucket: Bucket, kept: Kept, method: str, headers: Mapping[str, str]
    ) -> ClientResponse | None:
        try:
            # Fresh credentials of a role are fetched with a call that blocks.
            address = await asyncio.to_thread(bucket.sign, kept.path, method=method)
            url = URL(address, encoded=True)
            return await self._session.request(method, url, headers=headers)
        except (ServiceError, ClientError, TimeoutError, OSError) as error:
            logger.warning("the archive does not answer: %r", error)
            return None


async def send_file(
    request: web.Request, path: Path, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Send a file, or the part of it that the caller asked for.

    Raises:
        ApiError: it has no such part.
    """
    stat = await asyncio.to_thread(path.stat)
    part = part_of(request.headers)
    condition = part.get("If-Range")
    if condition is None and part and (request.http_range.start or 0) >= stat.st_size:
        raise _past_the_end(stat.st_size)
    if not part or _is_other(condition, stat):
        request = request.clone(headers=_without(request.headers, "Range", "If-Range"))
    response = _FileResponse(path, headers=headers)
    try:
        await response.prepare(request)
    except OSError:  # the caller has left
        if request.transport is not None:
            request.transport.abort()
    return response


class _FileResponse(web.FileResponse):
    """Sends its file once: while the stream is held, and not when the server ends the answer."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return None if self.prepared else await super().prepare(request)


def _past_the_end(size: int) -> ApiError:
    return ApiError(OUT_OF_RANGE, headers={"Content-Range": f"bytes */{size}"})


def _is_other(condition: str | None, stat: stat_result) -> bool:
    """Whether a tag in If-Range is not the file's; aiohttp looks at times only."""
    is_tag = condition is not None and '"' in condition
    return is_tag and condition != f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'


def _unless_changed(part: Mapping[str, str]) -> dict[str, str]:
    """The same demand in words that S3 knows, which has no If-Range."""
    condition = part.get("If-Range")
    if condition is None:
        return dict(part)
    name = "If-Match" if '"' in condition else "If-Unmodified-Since"
    return {"Range": part["Range"], name: condition}


def _without(headers: Mapping[str, str], *names: str) -> CIMultiDict[str]:
    kept = CIMultiDict(headers)
    for name in names:
        kept.popall(name, None)
    return kept
