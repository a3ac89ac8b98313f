"""Signed links to media: who has one may fetch that file until it expires, without a key."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from time import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from pipelines.files import DEFAULT, Choice, Kind
from pipelines.media import Codec, Quality

if TYPE_CHECKING:
    from collections.abc import Mapping

STREAM, MUSIC = "stream", "music"
_OPTIONS = ("quality", "codec", "source")

_IN_ACCOUNTS = ":@"
"""What ids of accounts have, and links need not quote."""


class LinkRefusedError(Exception):
    """The link was not signed by us, or its time is over; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a link allows: one file of one post, on one account's count of streams."""

    video_id: str
    account: str
    expires: int
    options: Mapping[str, str] = field(default_factory=dict)
    """Which file of several is meant: ``quality``, ``codec``, ``source``."""


class Links:
    """Writes links and reads them back; the key's state is made once and copied for each."""

    def __init__(self, secret: bytes, *, address: str) -> None:
        self._start = address.encode()
        self._keyed = hmac.new(secret, b"media-link-1\n", sha256)

    def write(
        self,
        video_id: str,
        *,
        account: str,
        expires: int,
        choice: Choice = DEFAULT,
        form: str = "",
    ) -> bytes:
        """The address of one of a post's files; of subtitles in the form ``vtt`` or ``srt``."""
        query = b"exp=%d&account=%b" % (expires, account.encode())
        file = b"stream"
        if choice is not DEFAULT:
            query += _written(_options(choice)).encode()
            file = path_of(choice, form).encode()
        signature = self._sign(video_id, file, query)
        path = b"%b/api/v1/video/%b/%b" % (self._start, video_id.encode(), file)
        return b"%b?%b&sig=%b" % (path, query, signature.encode())

    def read(self, video_id: str, query: Mapping[str, str], *, file: str = STREAM) -> Grant:
        """What the link allows; ``file`` is the end of its path as :func:`path_of` writes it.

        Raises:
            LinkRefusedError: it is forged, changed or expired.
        """
        expires, account = query.get("exp", ""), query.get("account", "")
        options = {name: query[name] for name in _OPTIONS if name in query}
        named = quote(account, safe=_IN_ACCOUNTS, errors="replace")
        signed = f"exp={quoted(expires)}&account={named}{_written(options)}".encode()
        given = query.get("sig", "").encode(errors="replace")
        expected = self._sign(video_id, file.encode(errors="replace"), signed)
        if not hmac.compare_digest(expected.encode(), given):
            raise LinkRefusedError("The link's signature is not valid")
        if int(expires) <= time():
            raise LinkRefusedError("The link has expired; extract the video again for a new one")
        return Grant(video_id=video_id, account=account, expires=int(expires), options=options)

    def _sign(self, video_id: str, file: bytes, query: bytes) -> str:
        state = self._keyed.copy()
        state.update(b"%b\n%b\n%b" % (file, video_id.encode(errors="replace"), query))
        return state.hexdigest()


def path_of(choice: Choice, form: str = "") -> str:
    """The end of the path of a file's link."""
    match choice.kind:
        case Kind.VIDEO:
            return STREAM
        case Kind.MUSIC:
            return MUSIC
        case Kind.IMAGE:
            return f"images/{choice.number}"
        case Kind.SUBTITLES:
            return f"subtitles/{quoted(choice.language)}.{form}"


def _options(choice: Choice) -> dict[str, str]:
    return {
        **({"quality": choice.quality} if choice.quality is not Quality.DEFAULT else {}),
        **({"codec": choice.codec} if choice.codec is not Codec.ANY else {}),
        **({"source": choice.source} if choice.source else {}),
    }


def _written(options: Mapping[str, str]) -> str:
    return "".join(f"&{name}={quoted(word)}" for name, word in options.items())


def quoted(word: str) -> str:
    """A word as links have it."""
    return quote(word, safe="", errors="replace")
