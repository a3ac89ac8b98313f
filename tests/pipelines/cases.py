"""The synthetic cases in ``tests/recorded``: an input, its meta, and the document to expect.

What is no post names its ``kind`` in its meta.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from crawler.items import (
    Kind,
    Layout,
    RawComment,
    RawHashtag,
    RawItem,
    RawMusic,
    RawUser,
    RawVideo,
)
from crawler.page import read_page
from pipelines.documents.mongo import to_mongo
from pipelines.normalize import normalize_entity, normalize_video

FOLDER = Path(__file__).parents[1] / "recorded"
METAS = {one.parent.name: json.loads(one.read_text()) for one in sorted(FOLDER.glob("*/meta.json"))}
NAMES = [name for name, meta in METAS.items() if "kind" not in meta]
"""The cases of posts."""
ENTITIES = [name for name in METAS if name not in NAMES]
RAW_TYPES: dict[Kind, type[RawItem]] = {
    one.kind: one for one in (RawUser, RawHashtag, RawMusic, RawComment)
}


@dataclass(slots=True, kw_only=True)
class EntityCase:
    """A case of a user, hashtag, sound or comment."""

    raw: RawItem
    expected: dict[str, Any]

    @property
    def known(self) -> dict[str, Any]:
        known = known_of(to_mongo(normalize_entity(self.raw)))
        assert isinstance(known, dict)
        return known


@cache
def read_entity(name: str) -> EntityCase:
    folder, meta = FOLDER / name, METAS[name]
    about = {"video_id": meta["video_id"]} if "video_id" in meta else {}
    raw = RAW_TYPES[Kind(meta["kind"])](
        layout=Layout(meta["layout"]),
        data=json.loads((folder / "item.json").read_text()),
        observed_at=datetime.fromisoformat(meta["observed_at"]),
        spider=meta["spider"],
        **about,
    )
    return EntityCase(raw=raw, expected=json.loads((folder / "expected.json").read_text()))


@dataclass(slots=True, kw_only=True)
class Case:
    """A case of a post."""

    name: str
    raw: RawVideo
    expected: dict[str, Any]

    @property
    def known(self) -> dict[str, Any]:
        known = known_of(to_mongo(normalize_video(self.raw)))
        assert isinstance(known, dict)
        return known


@cache
def read_case(name: str) -> Case:
    folder = FOLDER / name
    meta = METAS[name]
    page = folder / "page.html"
    if page.exists():
        read = read_page(page.read_bytes(), video_id=meta["video_id"])
        assert read.item is not None
        assert read.layout is not None
        item, layout = read.item, read.layout
    else:
        item, layout = json.loads((folder / "item.json").read_text()), Layout(meta["layout"])
    raw = RawVideo(
        video_id=meta["video_id"],
        layout=layout,
        data=item,
        observed_at=datetime.fromisoformat(meta["observed_at"]),
        spider=meta["spider"],
        cookies=meta.get("cookies", {}),
        user_agent=meta.get("user_agent"),
        egress=meta.get("egress"),
    )
    expected = json.loads((folder / "expected.json").read_text())
    return Case(name=name, raw=raw, expected=expected)


def known_of(value: object) -> object:
    """What is known of a stored document, as JSON writes it: neither null nor empty."""
    if isinstance(value, dict):
        known = {name: known_of(part) for name, part in value.items()}
        return {name: part for name, part in known.items() if part not in (None, [], {})}
    if isinstance(value, list):
        return [known_of(part) for part in value]
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value
