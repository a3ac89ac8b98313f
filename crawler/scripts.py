"""The script elements in which TikTok's pages carry their data."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson
from parsel import Selector

UNIVERSAL = b"__UNIVERSAL_DATA_FOR_REHYDRATION__"
SIGI = (b"SIGI_STATE", b"sigi-persisted-data")
NEXT = (b"__NEXT_DATA__",)

_LONGEST_TAG = 400


def find_script(body: bytes, element_id: bytes) -> tuple[int, int] | None:
    """Where the content of ``<script id=…>`` begins and ends, whatever else the tag bears.

    None when there is no such element or it never ends, as in a page that was cut off.
    """
    start = _find_start(body, element_id)
    end = body.find(b"</script", start) if start is not None else -1
    return (start, end) if start is not None and end != -1 else None


def _find_start(body: bytes, element_id: bytes) -> int | None:
    position = body.find(element_id)
    while position != -1:
        opening = body.rfind(b"<script", max(0, position - _LONGEST_TAG), position)
        tag = body[opening:position] if opening != -1 else b">"
        if b">" not in tag and re.search(rb"""\sid\s*=\s*["']?$""", tag):
            return body.find(b">", position) + 1 or None
        position = body.find(element_id, position + len(element_id))
    return None


def read_post_scope(body: bytes, names: tuple[str, ...]) -> tuple[str, dict[str, Any]] | None:
    """The first of these scopes alone, without reading the rest of the element.

    Nine tenths of the element are translations. The scope is cut out between its own key and the
    next one; only what parses whole is taken, so a wrong cut can't be mistaken for the scope.
    """
    start = _find_start(body, UNIVERSAL)
    if start is None:
        return None
    for name in names:
        key = f'"{name}":'.encode()
        position = body.find(key, start)
        # The end is looked for from here on: the scope stands behind the translations.
        end = body.find(b"</script", position) if position != -1 else -1
        if end == -1 or body[position - 1 : position] == b"\\":
            continue
        value = position + len(key)
        following = body.find(b',"webapp.', value, end)
        text = body[value:following] if following != -1 else body[value:end].rstrip()[:-2]
        found = parse(text)
        if found is not None:
            return name, found
    return None


def read_scopes(body: bytes) -> dict[str, Any]:
    """All scopes of the rehydration script; empty when there are none."""
    scopes = (read_element(body, UNIVERSAL) or {}).get("__DEFAULT_SCOPE__")
    return scopes if isinstance(scopes, dict) else {}


def parse(text: bytes) -> dict[str, Any] | None:
    """The object that the text is, or None."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _parse_mended(text: bytes) -> dict[str, Any] | None:
    """The same, also of a text with halves of characters: captions are cut without a care."""
    found = parse(text)
    if found is not None:
        return found
    try:
        read = json.loads(text.decode("utf-8", "replace"))
        return parse(json.dumps(read, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def read_element(body: bytes, *element_ids: bytes) -> dict[str, Any] | None:
    """The object in the first of these elements that holds one."""
    for element_id in element_ids:
        if element_id not in body:
            continue
        span = find_script(body, element_id)
        found = _parse_mended(body[span[0] : span[1]]) if span else None
        if found is None:
            found = _read_with_parser(body, element_id.decode())
        if found is not None:
            return found
    return None


def _read_with_parser(body: bytes, element_id: str) -> dict[str, Any] | None:
    """The same by an HTML parser, for markup that the quick search does not see through."""
    text = body.decode("utf-8", "replace").replace("\x00", "")
    selector = Selector(text=text, type="html")
    for content in selector.xpath("//script[@id=$id]/text()", id=element_id).getall():
        found = _parse_mended(content.encode("utf-8", "replace"))
        if found is not None:
            return found
    return None
