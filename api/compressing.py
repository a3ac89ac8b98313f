"""Compressing answers: in a coding that the caller takes, and only where that saves a packet."""

from __future__ import annotations

import asyncio
import re
import zlib
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

import brotli
from aiohttp import hdrs, web

if TYPE_CHECKING:
    from collections.abc import Callable

LEAST_BYTES = 2048
"""What is smaller travels in as many packets either way."""
LOOP_BYTES = 64 * 1024
"""What is larger is compressed beside the event loop: it takes half a millisecond and more."""

_GZIP_LEVEL = 4
_GZIP_BITS = 31
_BROTLI_QUALITY = 4

_TEXTS = ("application/json", "text/", "application/x-ndjson")
_ELEMENT = re.compile(
    r"\s*(?P<coding>[\w!#$%&'*+.^`|~-]+)\s*(?:;\s*q=(?P<weight>0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?",
    re.ASCII | re.IGNORECASE,
)


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_BITS)
    return packer.compress(body) + packer.flush()


_CODERS: dict[str, Callable[[bytes], bytes]] = {
    "br": partial(brotli.compress, quality=_BROTLI_QUALITY),
    "gzip": _gzip,
}
"""By the name of the coding; of those that a caller likes equally the first is taken."""


class Choice(NamedTuple):
    """What a caller's ``Accept-Encoding`` comes to."""

    coding: str | None
    """None for the answer as it is."""
    is_needed: bool
    """Whether the answer as it is would not be taken."""


async def compress(request: web.Request, response: web.StreamResponse) -> None:
    """Compress a finished answer of text; streams and what is encoded already stay as they are."""
    headers = response.headers
    if response.status == web.HTTPNotModified.status_code:
        headers.add(hdrs.VARY, hdrs.ACCEPT_ENCODING)
    if not isinstance(response, web.Response) or not _is_text(response):
        return
    body = response.body
    if not isinstance(body, bytes) or not body:
        return
    choice = choose(",".join(request.headers.getall(hdrs.ACCEPT_ENCODING, ())))
    if len(body) >= LEAST_BYTES:
        headers.add(hdrs.VARY, hdrs.ACCEPT_ENCODING)
    elif not choice.is_needed:
        return
    if choice.coding is None:
        return
    response.body = await _coded(choice.coding, body)
    headers[hdrs.CONTENT_ENCODING] = choice.coding
    headers.popall(hdrs.CONTENT_LENGTH, None)
    tag = headers.get(hdrs.ETAG, "W/")
    if not tag.startswith("W/"):  # a strong tag promises the same bytes
        headers[hdrs.ETAG] = f"W/{tag}"


@lru_cache(maxsize=256)
def choose(accepted: str) -> Choice:
    """What RFC 9110, 12.5.3, makes of an ``Accept-Encoding``; what is malformed is passed over.

    A caller who takes nothing that there is gets the answer as it is.
    """
    weights = _weights(accepted)
    others = weights.get("*", 0.0)
    coding = max(_CODERS, key=lambda name: weights.get(name, others))
    weight = weights.get(coding, others)
    plain = weights.get("identity", weights.get("*"))
    if weight == 0 or (plain is not None and plain > weight):
        return Choice(None, is_needed=False)
    return Choice(coding, is_needed=plain == 0)


def _weights(accepted: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for element in accepted.split(","):
        if found := _ELEMENT.fullmatch(element):
            coding = found["coding"].lower().removeprefix("x-")
            weights[coding] = float(found["weight"] or 1)
    return weights


def _is_text(response: web.Response) -> bool:
    headers = response.headers
    return (
        headers.get(hdrs.CONTENT_TYPE, "").startswith(_TEXTS)
        and hdrs.CONTENT_ENCODING not in headers
        and hdrs.CONTENT_RANGE not in headers
        and "no-transform" not in headers.get(hdrs.CACHE_CONTROL, "")
    )


async def _coded(coding: str, body: bytes) -> bytes:
    coder = _CODERS[coding]
    if len(body) <= LOOP_BYTES:
        return coder(body)
    return await asyncio.get_running_loop().run_in_executor(None, coder, body)
