"""Real responses that lie beside the checkout, or where TIKTOK_RECORDED says; never part of it."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crawler.items import Layout

Json = dict[str, Any]

FOLDER = Path(
    os.environ.get("TIKTOK_RECORDED", Path(__file__).parents[2] / ".." / "shared" / "recorded")
).resolve()
LISTS = ("itemList", "aweme_list")
STATES = re.compile(
    r'<script[^>]*id="(__UNIVERSAL_DATA_FOR_REHYDRATION__|SIGI_STATE)"[^>]*>(.*?)</script>',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One post of a recorded file, found without the project's own reader."""

    file: str
    layout: Layout
    item: Json

    @property
    def id(self) -> str:
        inner = self.item.get("itemInfos", self.item)
        return str(inner.get("id") or inner.get("aweme_id"))


def read_posts() -> list[Recorded]:
    files = [file for kind in ("item-list", "item-struct", "aweme") for file in _files(kind)]
    posts = [
        Recorded(str(file.relative_to(FOLDER)), _layout(item), item)
        for file in files
        for item in _items(json.loads(file.read_text()))
    ]
    pages = [file for kind in ("video-page", "user-page") for file in _files(kind)]
    return posts + [post for file in pages for post in _posts_of_page(file)]


def _files(kind: str) -> list[Path]:
    return sorted((FOLDER / kind).glob("*"))


def _items(data: Any) -> list[Json]:
    data = data.get("data", data) if isinstance(data, dict) else data
    if isinstance(data, list):
        return data
    if "itemInfo" in data:
        return [data["itemInfo"]["itemStruct"]]
    return next((data[key] for key in LISTS if key in data), [data])


def _layout(item: Json) -> Layout:
    if "aweme_id" in item:
        return Layout.AWEME
    return Layout.NESTED if "itemInfos" in item else Layout.LIST


def _posts_of_page(file: Path) -> list[Recorded]:
    name, posts = str(file.relative_to(FOLDER)), []
    for _, text in STATES.findall(file.read_text()):
        state = json.loads(text)
        scopes = state.get("__DEFAULT_SCOPE__", {})
        for scope, layout in (
            ("webapp.video-detail", Layout.DESKTOP),
            ("webapp.reflow.video.detail", Layout.REFLOW),
        ):
            if scope in scopes:
                posts.append(Recorded(name, layout, scopes[scope]["itemInfo"]["itemStruct"]))
        module = state.get("ItemModule", {})
        posts += [Recorded(name, Layout.SIGI, item) for item in module.values()]
    return posts
