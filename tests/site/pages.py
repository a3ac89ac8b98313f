"""Pages in today's layout: all but a page's own small scopes is rendered once and kept."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson

from tests.site import filler

Json = dict[str, Any]

CANONICAL_HOST = "https://www.tiktok.com"


def encode(data: object) -> bytes:
    """JSON as TikTok's pages write it, where no slash can end the script element."""
    if isinstance(data, orjson.Fragment):
        return orjson.dumps(data)
    return orjson.dumps(data).replace(b"/", rb"\u002F")


def page(path: str, scopes: dict[str, object], *, body: str = "") -> bytes:
    """A full page: the common scopes, ``seo.abtest`` for that canonical path, and ``scopes``."""
    before, after = _frame()
    seo = {"canonical": CANONICAL_HOST + path, "pageId": "1017690000000000000", "vidList": []}
    own = b",".join(
        encode(name) + b":" + encode(data) for name, data in {"seo.abtest": seo, **scopes}.items()
    )
    return b"".join((before, own, after, body.encode(), b"</body></html>"))


def fragment(data: object) -> orjson.Fragment:
    """Data that is encoded once and can then stand in many pages."""
    return orjson.Fragment(encode(data))


def script_page(element_id: str, encoded: bytes) -> bytes:
    """A short page that holds nothing but one element with that JSON, as older layouts do."""
    return b"".join(
        (
            b'<!DOCTYPE html><html lang="en"><head><title>TikTok - Make Your Day</title></head>'
            b'<body><div id="app"></div><script type="application/json" id="',
            element_id.encode(),
            b'">',
            encoded,
            b"</script></body></html>",
        )
    )


def detail(item: Json, *, title: str) -> Json:
    """The detail scope of a served post."""
    return {
        "itemInfo": {"itemStruct": item},
        "shareMeta": {"title": f"{title} on TikTok", "desc": item.get("desc", "")},
        "statusCode": 0,
        "statusMsg": "",
    }


@cache
def _frame() -> tuple[bytes, bytes]:
    """What stands before and after a page's own scopes; about 250 kB."""
    common = {
        "webapp.app-context": filler.app_context(characters=20_000),
        "webapp.biz-context": filler.biz_context(characters=40_000),
        "webapp.i18n-translation": filler.texts(characters=140_000),
    }
    head = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        "<title>TikTok - Make Your Day</title>"
        f"{filler.scripts(characters=30_000)}</head><body>{filler.markup(characters=20_000)}"
        '<script id="__UNIVERSAL_DATA_FOR_REHYDRATION__" type="application/json">'
    )
    before = head.encode() + b'{"__DEFAULT_SCOPE__":' + encode(common)[:-1] + b","
    return before, b',"webapp.a-b":{"b_c":"2"}}}</script>'
