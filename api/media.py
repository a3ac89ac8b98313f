"""Streaming media from TikTok or the archive to callers, as fast as the slower side goes."""

from __future__ import annotations

import asyncio
import contextlib
import re
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from aiohttp import ClientError, ClientResponse, web

from api import subtitles
from api.archive import send_file
from api.errors import OUT_OF_RANGE, ApiError, refusal
from api.upstream import part_of
from crawler.errors import Reason
from pipelines.files import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from api.archive import Archive
    from api.connections import Connection
    from api.upstream import Upstream
    from pipelines.files import File

_TOLD = ("Content-Length", "Content-Range", "ETag", "Last-Modified")
_TYPES = {Kind.VIDEO: "video/mp4", Kind.MUSIC: "audio/mpeg", Kind.IMAGE: "image/jpeg"}
_ENDINGS = {
    "video/mp4": "mp4",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "image/jpeg": "jpeg",
    "image/png": "png",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/heic": "heic",
}
"""What is passed on by its own name; all else goes by the name of its kind."""


class Player:
    """Passes files on; one for each process."""

    def __init__(self, upstream: Upstream, archive: Archive) -> None:
        self._upstream = upstream
        self._archive = archive

    async def play(self, request: web.Request, file: File) -> web.StreamResponse:
        """Pass the file on, or the part of it that the caller asked for.

        Raises:
            GoneError: TikTok refuses the address; nothing was sent yet.
            ApiError: TikTok does not answer; nothing was sent yet.
        """
        if (path := await self._archive.find(file.kept)) is not None:
            return await send_file(request, path, _headers(request, file, ""))
        async with await self._open(file, request.method, part_of(request.headers)) as upstream:
            response = _response(request, file, upstream)
            with _leaving(request, upstream):
                await _pass_on(upstream, response, request)
            return response

    async def write(self, request: web.Request, file: File) -> web.StreamResponse:
        """Answer subtitles in the form that the path names.

        Raises:
            GoneError: TikTok refuses the address.
            ApiError: TikTok does not answer, or what it sends are no subtitles.
        """
        form = request.match_info["form"]
        given = await self._read(file, most=subtitles.MAX_BYTES)
        try:
            body = await asyncio.to_thread(subtitles.convert, given, file.format, form)
        except subtitles.UnreadableError as error:
            raise refusal(Reason.UPSTREAM_ERROR) from error
        name = f"tiktok-{request.match_info['id']}-{_plain(file.choice.language)}.{form}"
        return answer_part(request, body, file_headers(name, subtitles.TYPES[form]))

    async def _open(
        self, file: File, method: str = "GET", part: Mapping[str, str] | None = None
    ) -> ClientResponse:
        """The file from the archive, if it is there, else from TikTok."""
        kept = await self._archive.open(file.kept, method=method, part=part)
        return kept or await self._upstream.open(file, method=method, part=part)

    async def _read(self, file: File, *, most: int) -> bytes:
        if (path := await self._archive.find(file.kept)) is not None:
            return await asyncio.to_thread(path.read_bytes)
        body = bytearray()
        try:
            async with await self._open(file) as upstream:
                async for chunk in upstream.content.iter_any():
                    body += chunk
                    if len(body) > most:
                        raise refusal(Reason.UPSTREAM_ERROR)
        except (ClientError, TimeoutError, OSError) as error:
            raise refusal(Reason.UPSTREAM_ERROR) from error
        return bytes(body)

    async def close(self) -> None:
        """Close all connections."""
        await self._upstream.close()
        await self._archive.close()


def answer_part(
    request: web.Request, body: bytes, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Answer what is there as a whole, or the part of it that the caller asked for."""
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    told = {**headers, "ETag": tag}
    part = part_of(request.headers)
    if not part or part.get("If-Range", tag) != tag:
        return web.Response(body=body, headers=told)
    start, stop, _ = request.http_range.indices(len(body))
    if start >= stop:
        raise ApiError(OUT_OF_RANGE, headers={"Content-Range": f"bytes */{len(body)}"})
    told["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}"
    return web.Response(status=206, body=body[start:stop], headers=told)


def file_headers(name: str, content_type: str) -> dict[str, str]:
    """What every file is sent with."""
    return {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store, no-transform",
        "Content-Disposition": f'inline; filename="{name}"',
        "Content-Type": content_type,
        "X-Content-Type-Options": "nosniff",
    }


def _response(request: web.Request, file: File, upstream: ClientResponse) -> web.StreamResponse:
    told = {name: upstream.headers[name] for name in _TOLD if name in upstream.headers}
    headers = _headers(request, file, upstream.content_type)
    return web.StreamResponse(status=upstream.status, headers={**told, **headers})


def _headers(request: web.Request, file: File, named: str) -> dict[str, str]:
    content_type = _type_of(file, (file.kept and file.kept.content_type) or named)
    choice = file.choice
    part = {Kind.MUSIC: "-music", Kind.IMAGE: f"-{choice.number}"}.get(choice.kind, "")
    name = f"tiktok-{request.match_info['id']}{part}.{_ENDINGS[content_type]}"
    return file_headers(name, content_type)


def _type_of(file: File, named: str) -> str:
    usual = _TYPES[file.choice.kind]
    is_of_kind = named.partition("/")[0] == usual.partition("/")[0]
    return named if is_of_kind and named in _ENDINGS else usual


def _plain(word: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "_", word)


@contextlib.contextmanager
def _leaving(request: web.Request, upstream: ClientResponse) -> Iterator[None]:
    """Leave the upstream as soon as the caller leaves, also while nothing is sent."""
    connection = cast("Connection", request.protocol)
    connection.on_loss = upstream.close
    try:
        yield
    finally:
        connection.on_loss = None


async def _pass_on(
    upstream: ClientResponse, response: web.StreamResponse, request: web.Request
) -> None:
    """Send as fast as the caller reads, a chunk at a time; end with whichever side leaves.

    What is sent cannot be taken back: a file that breaks off ends the connection, so that nobody
    takes it for whole.
    """
    try:
        await response.prepare(request)
        if request.method != "HEAD":
            async for chunk in upstream.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
    except (ClientError, OSError, asyncio.CancelledError) as error:
        upstream.close()
        if request.transport is not None:
            request.transport.abort()
        if isinstance(error, asyncio.CancelledError):
            raise
