"""Signed links to media: who has one may fetch that file until it expires, without a key."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from time import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class LinkRefusedError(Exception):
    """The link was not signed by us, or its time is over; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a link allows: one file of one post, on one account's count of streams."""

    video_id: str
    account: str
    expires: int


class Links:
    """Writes links and reads them back; the key's state is made once and copied for each."""

    def __init__(self, secret: bytes, *, address: str) -> None:
        self._start = address.encode()
        self._keyed = hmac.new(secret, b"media-link-1\n", sha256)

    def write(self, video_id: str, *, account: str, expires: int) -> bytes:
        """The address of a post's file."""
        query = b"exp=%d&account=%b" % (expires, account.encode())
        signature = self._sign(video_id, query)
        path = b"%b/api/v1/video/%b/stream" % (self._start, video_id.encode())
        return b"%b?%b&sig=%b" % (path, query, signature.encode())

    def read(self, video_id: str, query: Mapping[str, str]) -> Grant:
        """What the link allows.

        Raises:
            LinkRefusedError: it is forged, changed or expired.
        """
        expires, account = query.get("exp", ""), query.get("account", "")
        signed = f"exp={expires}&account={account}".encode(errors="replace")
        given = query.get("sig", "").encode(errors="replace")
        if not hmac.compare_digest(self._sign(video_id, signed).encode(), given):
            raise LinkRefusedError("The link's signature is not valid")
        if int(expires) <= time():
            raise LinkRefusedError("The link has expired; extract the video again for a new one")
        return Grant(video_id=video_id, account=account, expires=int(expires))

    def _sign(self, video_id: str, query: bytes) -> str:
        state = self._keyed.copy()
        state.update(b"stream\n%b\n%b" % (video_id.encode(errors="replace"), query))
        return state.hexdigest()
