"""Raw items as they are kept: compressed, until they expire, and without anybody's token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import zstandard

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

if TYPE_CHECKING:
    from datetime import timedelta

    from services.mongodb import Document

_KINDS: dict[Kind, type[RawItem]] = {
    one.kind: one for one in (RawVideo, RawUser, RawHashtag, RawMusic, RawComment)
}
_compressor = zstandard.ZstdCompressor(level=1)
_decompressor = zstandard.ZstdDecompressor()
_TOKEN = b'token"'
_SONGS = (b'"tt2dsp"', b'"tt_to_dsp_song_infos"')
"""Links of sounds to other services: they bear those services' tokens."""
_SONG_NAMES = frozenset({"tt2dsp", "tt_to_dsp_song_infos"})


class UnreadableError(Exception):
    """A raw item of which nothing can be made; the text says why."""


def raw_id(kind: Kind, item_id: str) -> str:
    """The id of a raw item; a post's is its own, another's bears its kind."""
    return item_id if kind is Kind.VIDEO else f"{kind.value}:{item_id}"


def raw_update(raw: RawItem, item_id: str, *, ttl: timedelta) -> Document:
    """The upsert that keeps a raw item in place of an older one; empty, if it may not be kept."""
    return {
        "q": {"_id": raw_id(raw.kind, item_id), "observed_at": {"$lte": raw.observed_at}},
        "u": {
            "kind": raw.kind.value,
            "layout": raw.layout.value,
            "spider": raw.spider,
            "observed_at": raw.observed_at,
            "expire_at": raw.observed_at + ttl,
            "data": _compressor.compress(_written(raw.data if raw.is_kept else {})),
        },
        "upsert": True,
    }


def read_raw(kept: Document) -> RawItem:
    """A raw item as it was kept; of its job and its session nothing is.

    Raises:
        UnreadableError: it is none.
    """
    try:
        kind = _KINDS[Kind(kept["kind"])]
        data = orjson.loads(_decompressor.decompress(kept["data"]))
        layout = Layout(kept["layout"])
        observed_at, spider = kept["observed_at"], str(kept["spider"])
    except (KeyError, ValueError, TypeError, zstandard.ZstdError) as error:
        raise UnreadableError(str(error)) from error
    if not isinstance(data, dict):
        raise UnreadableError("it holds no object")
    fields: dict[str, Any] = {"layout": layout, "observed_at": observed_at, "spider": spider}
    if kind is RawVideo:
        fields["video_id"] = kept["_id"]
    return kind(data=data, **fields)


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
