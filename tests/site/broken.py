"""Answers that go wrong below the page: statuses, cut, stalled, endless and garbled bodies."""

from __future__ import annotations

import asyncio
import gzip
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import web

from tests.site import layouts
from tests.site.visits import html, html_with_cookies

if TYPE_CHECKING:
    from tests.site.visits import Answer, Visit

_FOR_EVER_S = 24 * 3600
_SLOW_S = 1
_GZIP_HEADER_BYTES = 10
_SCRIPT = re.compile(
    rb'(__UNIVERSAL_DATA_FOR_REHYDRATION__" type="application/json">)(.*?)(</script>)'
)


def status(code: int, *, retry_after_s: int | None = None) -> Answer:
    """A short answer of that HTTP status."""
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}

    async def answer(visit: Visit) -> web.StreamResponse:
        if code == 204:
            return web.Response(status=204)
        return html(f"<html><body>{code}</body></html>".encode(), status=code, headers=headers)

    return answer


async def empty_body(visit: Visit) -> web.StreamResponse:
    return html(b"")


async def truncated_json(visit: Visit) -> web.StreamResponse:
    body = _SCRIPT.sub(lambda found: found[1] + found[2][:-5_000] + found[3], _page(visit))
    return html_with_cookies(body, key=visit.address.key)


async def empty_script(visit: Visit) -> web.StreamResponse:
    body = _SCRIPT.sub(rb"\1\3", _page(visit))
    return html_with_cookies(body, key=visit.address.key)


async def cut_off(visit: Visit) -> web.StreamResponse:
    page = _page(visit)
    response = await _started(visit, length=len(page))
    await response.write(page[: len(page) // 2])
    _hang_up(visit)
    return response


async def endless(visit: Visit) -> web.StreamResponse:
    response = await _started(visit)
    response.enable_chunked_encoding()
    with suppress(ConnectionError):
        while True:
            await response.write(b"<p>and so on</p>" * 4096)
            await asyncio.sleep(0.01)
    return response


async def stalled(visit: Visit) -> web.StreamResponse:
    response = await _started(visit, length=270_000)
    await asyncio.sleep(_FOR_EVER_S)
    return response


async def no_answer(visit: Visit) -> web.StreamResponse:
    await asyncio.sleep(_FOR_EVER_S)
    return web.Response()


async def dropped(visit: Visit) -> web.StreamResponse:
    _hang_up(visit)
    return web.Response()


async def garbage_gzip(visit: Visit) -> web.StreamResponse:
    header = gzip.compress(_page(visit))[:_GZIP_HEADER_BYTES]
    # A block of the type that deflate does not have.
    return html(header + b"\xff" * 2_000, headers={"Content-Encoding": "gzip"})


async def wrong_charset(visit: Visit) -> web.StreamResponse:
    return html(_page(visit), headers={"Content-Type": "text/html; charset=utf-16"})


async def slow(visit: Visit) -> web.StreamResponse:
    await asyncio.sleep(_SLOW_S)
    return html_with_cookies(_page(visit), key=visit.address.key)


def _page(visit: Visit) -> bytes:
    return layouts.desktop(visit.post, visit.url)


async def _started(visit: Visit, *, length: int | None = None) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/html; charset=utf-8"})
    response.content_length = length
    await response.prepare(visit.request)
    return response


def _hang_up(visit: Visit) -> None:
    if visit.request.transport is not None:
        visit.request.transport.close()
