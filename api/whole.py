"""Writing an answer whose bytes are all known: its head and its body in one piece.

aiohttp's responses are made for streams: several coroutines prepare each, fill in what it lacks
and serialise every header anew. Of what an answer from the cache takes of the processor that is a
sixth, and nearly all of it is the same each time.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http_writer import _serialize_headers

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

MOST_BYTES = 64 * 1024
"""What is larger is written as a stream, which waits for a slow caller."""

_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}"
    for status in HTTPStatus
    if status >= 200 and status not in {204, 205, 304}
}
"""Of answers that have a body."""


class WholeWriter:
    """Writes answers with headers that all of them bear."""

    def __init__(self, common: Mapping[str, str]) -> None:
        self._names = frozenset(common)
        self._lines = "".join(f"{name}: {value}\r\n" for name, value in common.items()).encode()

    def write(
        self, request: web.BaseRequest, response: web.StreamResponse, transport: asyncio.Transport
    ) -> bool:
        """Write the answer; False when it is one that aiohttp has to write."""
        body = response._body
        if not (type(body) is bytes and self._is_simple(request, response)):
            return False
        keep_alive = response._keep_alive
        if keep_alive is None:
            keep_alive = response._keep_alive = request.keep_alive
        headers = response.headers
        headers[hdrs.CONTENT_LENGTH] = str(len(body))
        headers[hdrs.DATE] = rfc822_formatted_time()
        if not keep_alive:
            headers[hdrs.CONNECTION] = "close"
        head = _serialize_headers(_STATUS_LINES[response._status], headers)
        transport.write(b"".join((head[:-2], self._lines, b"\r\n", body)))
        response._eof_sent = True
        return True

    def _is_simple(self, request: web.BaseRequest, response: web.StreamResponse) -> bool:
        headers = response.headers
        return (
            type(response) is web.Response
            and response._status in _STATUS_LINES
            and len(response._body) <= MOST_BYTES  # type: ignore[arg-type] # bytes, as was seen
            and not (response._compression or response._chunked or response._cookies)
            and request.version == HttpVersion11
            and request.method != hdrs.METH_HEAD
            and self._names.isdisjoint(headers)
        )
