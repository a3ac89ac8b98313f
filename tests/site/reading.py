"""What a recorded file answers: one page, or each of the posts that it holds."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from zlib import crc32

from tests.site.addresses import Kind, read_address
from tests.site.items import find_items, get
from tests.site.pages import script_page
from tests.site.recorded import NEXT, SIGI, UNIVERSAL, Recorded, Shape, encode, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.site.addresses import Address

Json = dict[str, Any]

_ELEMENT = rb"<script[^>]*\bid=[\"']?(?:%s)[\"']?[^>]*>(.*?)</script>"
_ELEMENTS = {
    name: re.compile(_ELEMENT % pattern, re.DOTALL)
    for name, pattern in (
        (UNIVERSAL, UNIVERSAL.encode()),
        (SIGI, b"SIGI_STATE|sigi-persisted-data"),
        (NEXT, NEXT.encode()),
    )
}
_STATES = {"__DEFAULT_SCOPE__": UNIVERSAL, "ItemModule": SIGI, "props": NEXT}
_LINK = re.compile(rb"<link[^>]*rel=[\"']canonical[\"'][^>]*>")
_HREF = re.compile(rb"href=[\"']([^\"']+)")
_POST_ID = re.compile(r"(?<!\d)\d{17,20}(?!\d)")


def read_file(file: Path) -> Iterator[Recorded]:
    """Everything that a file answers."""
    body = file.read_bytes()
    if file.suffix != ".json":
        yield from _read_page(file, body)
        return
    data = _parse(body)
    if isinstance(data, dict) and (state := _STATES.keys() & data.keys()):
        yield from _read_page(file, script_page(_STATES[state.pop()], encode(data)))
        return
    found = list(_read_items(file, data))
    yield from found or _read_answer(file, body, data)


def _read_page(file: Path, body: bytes) -> Iterator[Recorded]:
    states = {
        name: _parse(found[1]) for name, at in _ELEMENTS.items() if (found := at.search(body))
    }
    scopes = get(states.get(UNIVERSAL), "__DEFAULT_SCOPE__") or {}
    sigi, props = states.get(SIGI) or {}, get(states.get(NEXT), "props", "pageProps") or {}
    address = read_address(urlsplit(_canonical(body, scopes)).path)
    items = sigi.get("ItemModule") or {}
    held = [_wrapped(file, item, post_id, Shape.SIGI) for post_id, item in items.items()]
    held += _read_items(file, [scopes, props])
    yield from held
    shown = _page_key(scopes, sigi, props, address=address)
    if shown is None and not held:
        key = address.key if address.kind is not Kind.OTHER else _key_of(file)
        shown = key, _wall_shape(scopes)
    if shown is not None:
        yield Recorded(key=shown[0], shape=shown[1], file=file, body=body)


def _page_key(
    scopes: Json, sigi: Json, props: Json, *, address: Address
) -> tuple[str, Shape] | None:
    """What a page shows, when it shows a post or a user."""
    posts = (
        (get(scopes, "webapp.video-detail", "itemInfo", "itemStruct", "id"), Shape.DESKTOP),
        (get(scopes, "webapp.reflow.video.detail", "itemInfo", "itemStruct", "id"), Shape.REFLOW),
        (get(props, "itemInfo", "itemStruct", "id"), Shape.NEXT),
        (get(props, "videoData", "itemInfos", "id"), Shape.NESTED),
        (_sigi_post(sigi.get("ItemModule") or {}, address), Shape.SIGI),
    )
    users = (
        get(scopes, "webapp.user-detail", "userInfo", "user", "uniqueId"),
        get(props, "userInfo", "user", "uniqueId"),
        next(iter(get(sigi, "UserModule", "users") or ()), None),
    )
    shown = [(str(key), shape) for key, shape in posts if key]
    shown += [(f"@{name}", Shape.PROFILE) for name in users if name]
    return shown[0] if shown else None


def _sigi_post(items: Json, address: Address) -> str | None:
    """The one post that a page of that era is about, if it is about one."""
    if address.name in items:
        return address.name
    return next(iter(items)) if len(items) == 1 and address.kind is not Kind.PROFILE else None


def _wall_shape(scopes: Json) -> Shape:
    if any(name.endswith("detail") for name in scopes):
        return Shape.REFUSED
    return Shape.SHELL if scopes else Shape.WALL


def _key_of(file: Path) -> str:
    """The id in a file's name, or one that is made up from it."""
    return _id_in(file.name) or f"70000000000009{crc32(file.name.encode()) % 100_000:05d}"


def _canonical(body: bytes, scopes: Json) -> str:
    if named := get(scopes, "seo.abtest", "canonical"):
        return unquote(str(named))
    link = _LINK.search(body)
    href = _HREF.search(link[0]) if link else None
    return unquote(href[1].decode(errors="replace")) if href else ""


def _read_items(file: Path, data: object) -> Iterator[Recorded]:
    for post_id, shape, item in find_items(data):
        yield _wrapped(file, item, post_id, shape)


def _wrapped(file: Path, item: Json, post_id: str, shape: Shape) -> Recorded:
    body = wrap(item, post_id, shape)
    return Recorded(key=post_id, shape=shape, file=file, body=body, is_page=False)


def _read_answer(file: Path, body: bytes, data: object) -> Iterator[Recorded]:
    """A JSON answer without any post, for the id that its file name holds."""
    if post_id := get(data, "embed_product_id"):
        yield _answer(f"oembed:{post_id}", file, body)
    key = _id_in(file.name)
    if key is None:
        return
    code = get(data, "statusCode") or get(data, "status_code")
    if code and isinstance(code, int):
        scopes = {"webapp.video-detail": data}
        page = script_page(UNIVERSAL, encode({"__DEFAULT_SCOPE__": scopes}))
        yield Recorded(key=key, shape=Shape.REFUSED, file=file, body=page, is_page=False)
    else:
        yield _answer(key, file, body)


def _answer(key: str, file: Path, body: bytes) -> Recorded:
    return Recorded(
        key=key, shape=Shape.JSON, file=file, body=body, content_type="application/json"
    )


def _id_in(name: str) -> str | None:
    found = _POST_ID.search(name)
    return found[0] if found else None


def _parse(body: bytes) -> Any:
    """The first JSON object or array in ``body``; None when there is none."""
    text = body.decode(errors="replace")
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=0)
    try:
        return json.JSONDecoder(strict=False).raw_decode(text, start)[0]
    except ValueError:
        return None
