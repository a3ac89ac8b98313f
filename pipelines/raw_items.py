"""Raw items as they are kept: compressed, until they expire, and without anybody's token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import zstandard

from crawler.items import Kind

if TYPE_CHECKING:
    from datetime import timedelta

    from crawler.items import RawItem
    from services.mongodb import Document

_compressor = zstandard.ZstdCompressor(level=1)
_TOKEN = b'token"'
_SONGS = (b'"tt2dsp"', b'"tt_to_dsp_song_infos"')
"""Links of sounds to other services: they bear those services' tokens."""
_SONG_NAMES = frozenset({"tt2dsp", "tt_to_dsp_song_infos"})


def raw_id(kind: Kind, item_id: str) -> str:
    """The id of a raw item; a post's is its own, another's bears its kind."""
    return item_id if kind is Kind.VIDEO else f"{kind.value}:{item_id}"


def raw_update(raw: RawItem, item_id: str, *, ttl: timedelta) -> Document:
    """The upsert that keeps a raw item in place of an older one."""
    return {
        "q": {"_id": raw_id(raw.kind, item_id), "observed_at": {"$lte": raw.observed_at}},
        "u": {
            "kind": raw.kind.value,
            "layout": raw.layout.value,
            "spider": raw.spider,
            "observed_at": raw.observed_at,
            "expire_at": raw.observed_at + ttl,
            "data": _compressor.compress(_written(raw.data)),
        },
        "upsert": True,
    }


def _written(data: dict[str, Any]) -> bytes:
    text = orjson.dumps(data)
    if _TOKEN in text and any(songs in text for songs in _SONGS):
        return orjson.dumps(_without_songs(data))
    return text


def _without_songs(part: Any) -> Any:
    if isinstance(part, dict):
        return {
            name: _without_songs(value) for name, value in part.items() if name not in _SONG_NAMES
        }
    return [_without_songs(one) for one in part] if isinstance(part, list) else part
