"""The answer of an extraction, written around the finished JSON that the cache holds."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from crawler.errors import Reason
from pipelines.files import DEFAULT, Choice
from pipelines.media import Codec, Quality

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What of a video a caller asked for."""

    with_metadata: bool
    with_country: bool
    max_age: int | None = None
    """Seconds that the answer must be younger than, 0 for a new one; None leaves it to us."""
    choice: Choice = DEFAULT
    """Which of the video's files is meant."""
    with_media: bool = False
    """Whether all of the post's files are to be listed."""

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> Wish:
        """What a request's fields say."""
        return cls(
            with_metadata=asked["extract_metadata"],
            with_country=asked["extract_country"],
            max_age=asked["max_age"],
            choice=_CHOICES[asked.get("quality"), asked.get("codec")],
            with_media=asked.get("extract_media", False),
        )

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of a cache entry that the answer is made of, as :class:`Entry` reads them."""
        fields = _BARE if not self.with_metadata else _COUNTRY if self.with_country else _PLAIN
        return (*fields[:2], "files", "reason") if self.with_media else fields


_PLAIN = ("answer", "media", "reason")
_COUNTRY = ("answer_country", "media", "reason")
_BARE = ("answer_bare", "media", "reason")
_CHOICES = {
    (quality, codec): Choice(quality=quality or Quality.DEFAULT, codec=codec or Codec.ANY)
    for quality in (None, *Quality)
    for codec in (None, *Codec)
} | dict.fromkeys(itertools.product((None, Quality.DEFAULT), (None, Codec.ANY)), DEFAULT)


class Entry(NamedTuple):
    """What the cache holds of a post: an answer's parts, or the reason that there is none."""

    fragment: bytes
    """What the answer says of the post: JSON of ``metadata``, if wanted, and ``meta``."""
    media: bytes
    """Unix seconds at which links to the file end, 0 when unknown; empty without a file."""
    absence: Reason | None = None
    files: bytes = b""
    """The listing of the post's files, when it was asked for."""

    @classmethod
    def of(cls, values: Sequence[bytes | None]) -> Entry | None:
        """The entry that these values are, or None when they are none."""
        reason = values[-1]
        if reason:
            return cls(b"", b"", Reason(reason.decode()))
        fragment, media = values[0], values[1]
        files = b"" if len(values) < 4 else values[2]
        if fragment is None or media is None or files is None:
            return None
        return cls(fragment, media, None, files)


def write(
    entry: Entry,
    *,
    video_url: bytes | None,
    media: bytes = b"",
    is_cached: bool,
    requests_remaining: int,
    elapsed_ms: int,
) -> bytes:
    """The body of a 200."""
    return (
        b'{"success":true,"video_url":%b,%b,%b"cached":%b,'
        b'"requests_remaining":%d,"process_time_ms":%d}'
        % (
            b'"%b"' % video_url if video_url else b"null",
            entry.fragment[1:-1],
            b'"media":%b,' % media if media else b"",
            b"true" if is_cached else b"false",
            requests_remaining,
            elapsed_ms,
        )
    )
