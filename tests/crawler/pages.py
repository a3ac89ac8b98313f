"""Small pages around given data, in the markup of each era."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]

ID = "7106594312292453675"
ITEM: Json = {"id": ID, "desc": "Morningswim", "author": {"uniqueId": "mia"}, "video": {"id": ID}}
UNIVERSAL = "__UNIVERSAL_DATA_FOR_REHYDRATION__"


def script(element_id: str, data: object, *, tag: str = '<script id="{}" type="x">') -> bytes:
    """A page with one script element."""
    text = data if isinstance(data, str) else json.dumps(data).replace("/", "\\u002F")
    return (
        "<!DOCTYPE html><html><head><title>TikTok</title></head><body>"
        f"{tag.format(element_id)}{text}</script><p>Log in</p></body></html>"
    ).encode()


def universal(scopes: object, **changes: Any) -> bytes:
    """Today's page with these scopes."""
    return script(UNIVERSAL, {"__DEFAULT_SCOPE__": scopes}, **changes)


def detail(item: Json | None = None, code: int = 0, message: str = "") -> Json:
    """The payload of a post's scope."""
    payload: Json = {"statusCode": code, "statusMsg": message}
    return payload | ({"itemInfo": {"itemStruct": item}} if item is not None else {})


def post(item: Json | None = None, code: int = 0, message: str = "") -> bytes:
    """The desktop page of a post, amid the other scopes."""
    return universal(
        {
            "webapp.app-context": {"language": "en", "region": "NL"},
            "seo.abtest": {"canonical": f"https://www.tiktok.com/@mia/photo/{ID}"},
            "webapp.video-detail": detail(item, code, message),
            "webapp.a-b": {},
        }
    )
