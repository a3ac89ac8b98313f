"""Entity tags of answers: the same while a post says the same, and its links still play."""

from __future__ import annotations

import re
from hashlib import sha256
from time import time
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from api.answers import Entry

_TAG = re.compile(r'(?:W/)?"([0-9a-f]{16})-([0-9a-f]{1,12})"')
_ADDRESSES = (("thumbnail",), ("author", "avatar"), ("music", "url"))
_MARGIN_S = 60


def tag(entry: Entry, *, link_end: int) -> str:
    """The weak tag of an answer whose link to the file ends then, in unix seconds."""
    return f'W/"{_digest(entry.fragment)}-{link_end if entry.media else 0:x}"'


def known_tag(entry: Entry, if_none_match: str) -> str | None:
    """The tag of those that a caller names that still is as good as a new answer; None when none.

    One is when the post says what it said, and the caller's link to the file has not ended.
    """
    if entry.absence is not None:
        return None
    digest = _digest(entry.fragment)
    for found in _TAG.finditer(if_none_match):
        is_playing = not entry.media or int(found[2], 16) > time() + _MARGIN_S
        if found[1] == digest and is_playing:
            return f'W/"{found[1]}-{found[2]}"'
    return None


def _digest(fragment: bytes) -> str:
    """Of what the post says; addresses are left out, for TikTok signs them anew for each crawl."""
    said: dict[str, Any] = orjson.loads(fragment)
    del said["meta"]["observed_at"]
    metadata = said["metadata"]
    for *above, name in _ADDRESSES:
        part = metadata
        for step in above:
            part = part[step]
        part[name] = part[name] is not None
    metadata["images"] = [image | {"url": True} for image in metadata["images"]]
    return sha256(orjson.dumps(said)).hexdigest()[:16]
