"""The answer of an extraction, written around the finished JSON that the cache holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from crawler.errors import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What of a video a caller asked for."""

    with_metadata: bool
    with_country: bool
    max_age: int | None = None
    """Seconds that the answer must be younger than, 0 for a new one; None leaves it to us."""

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> Wish:
        """What a request's fields say."""
        return cls(
            with_metadata=asked["extract_metadata"],
            with_country=asked["extract_country"],
            max_age=asked["max_age"],
        )

    @property
    def fields(self) -> tuple[str, str, str]:
        """The fields of a cache entry that the answer is made of, in :class:`Entry`'s order."""
        if not self.with_metadata:
            return _BARE
        return _COUNTRY if self.with_country else _PLAIN


_PLAIN = ("answer", "media", "reason")
_COUNTRY = ("answer_country", "media", "reason")
_BARE = ("answer_bare", "media", "reason")


class Entry(NamedTuple):
    """What the cache holds of a post: an answer's parts, or the reason that there is none."""

    fragment: bytes
    """What the answer says of the post: JSON of ``metadata``, if wanted, and ``meta``."""
    media: bytes
    """Unix seconds at which links to the file end, 0 when unknown; empty without a file."""
    absence: Reason | None = None

    @classmethod
    def of(cls, values: Sequence[bytes | None]) -> Entry | None:
        """The entry that these values are, or None when they are none."""
        fragment, media, reason = values
        if reason:
            return cls(b"", b"", Reason(reason.decode()))
        if fragment is None or media is None:
            return None
        return cls(fragment, media)


def write(
    entry: Entry,
    *,
    video_url: bytes | None,
    is_cached: bool,
    requests_remaining: int,
    elapsed_ms: int,
) -> bytes:
    """The body of a 200."""
    return (
        b'{"success":true,"video_url":%b,%b,"cached":%b,'
        b'"requests_remaining":%d,"process_time_ms":%d}'
        % (
            b'"%b"' % video_url if video_url else b"null",
            entry.fragment[1:-1],
            b"true" if is_cached else b"false",
            requests_remaining,
            elapsed_ms,
        )
    )
