"""A recorded response, and the minimal page around an item that was recorded without its page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tests.site.pages import CANONICAL_HOST, script_page

if TYPE_CHECKING:
    from pathlib import Path

Json = dict[str, Any]

UNIVERSAL = "__UNIVERSAL_DATA_FOR_REHYDRATION__"
SIGI = "SIGI_STATE"
NEXT = "__NEXT_DATA__"


class Shape(StrEnum):
    """What was recorded."""

    DESKTOP = "desktop"
    REFLOW = "reflow"
    LIST = "list"
    SIGI = "sigi"
    NEXT = "next"
    NESTED = "nested"
    AWEME = "aweme"
    PROFILE = "profile"
    REFUSED = "refused"
    """A detail scope that says nothing but a status."""
    SHELL = "shell"
    """Data without a detail scope."""
    WALL = "wall"
    """A page without data."""
    JSON = "json"
    """A JSON answer that holds no post, such as a captcha's or oEmbed's."""


WEIGHTS = {Shape.JSON: 0, Shape.WALL: 0, Shape.SHELL: 1, Shape.REFUSED: 2}
"""Of two responses for one address the heavier one is replayed; other shapes weigh more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The answer to one address."""

    key: str
    shape: Shape
    file: Path
    body: bytes
    is_page: bool = True
    """Whether ``body`` is the page as it was recorded, rather than one made around an item."""
    content_type: str = "text/html; charset=utf-8"

    @property
    def weight(self) -> tuple[int, bool]:
        """Which of two answers to one address wins."""
        return WEIGHTS.get(self.shape, 3), self.is_page

    @property
    def path(self) -> str:
        """An address that it answers."""
        if self.key.startswith("#"):
            return f"/tag/{self.key[1:]}"
        if self.key.startswith("oembed:"):
            return f"/oembed?url={CANONICAL_HOST}/@_/video/{self.key[7:]}"
        return f"/{self.key}" if self.key.startswith("@") else f"/@_/video/{self.key}"


def encode(data: object) -> bytes:
    """JSON that keeps whatever was recorded, lone surrogates too."""
    return json.dumps(data).replace("/", r"\u002F").encode()


def wrap(item: Json, key: str, shape: Shape) -> bytes:
    """A minimal page of the layout in which an item of that shape stands, the item untouched."""
    if shape is Shape.SIGI:
        return script_page(SIGI, encode({"ItemModule": {key: item}}))
    if shape is Shape.NESTED:
        return script_page(NEXT, encode({"props": {"pageProps": {"videoData": item}}}))
    scopes = {
        "seo.abtest": {"canonical": f"{CANONICAL_HOST}/@_/video/{key}"},
        "webapp.video-detail": {
            "itemInfo": {"itemStruct": item},
            "statusCode": 0,
            "statusMsg": "",
        },
    }
    return script_page(UNIVERSAL, encode({"__DEFAULT_SCOPE__": scopes}))
