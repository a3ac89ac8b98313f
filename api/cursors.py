"""Cursors as callers get them: signed, each good for the one list that gave it."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256

from api.errors import INVALID_PARAMETER, ApiError

_SEAL_BYTES = 12
_LONGEST = 1024


class Cursors:
    """Seals where a list goes on, and opens it again."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def seal(self, of: str, place: str) -> str:
        """The cursor for a place in the list ``of`` this name."""
        written = place.encode()
        return base64.urlsafe_b64encode(self._seal(of, written) + written).decode().rstrip("=")

    def open(self, of: str, cursor: str | None) -> str | None:
        """The place that a cursor means; None without one.

        Raises:
            ApiError: no page of this list gave the cursor.
        """
        if cursor is None:
            return None
        try:
            padded = cursor[:_LONGEST] + "=" * (-len(cursor) % 4)
            opened = base64.b64decode(padded, altchars=b"-_", validate=True)
            seal, written = opened[:_SEAL_BYTES], opened[_SEAL_BYTES:]
            if hmac.compare_digest(seal, self._seal(of, written)):
                return written.decode()
        except ValueError:
            pass
        raise ApiError(
            INVALID_PARAMETER,
            detail="The parameter 'cursor' must be the 'next_cursor' of an earlier page of the same"
            " list: leave it out to begin with the first page",
        )

    def _seal(self, of: str, written: bytes) -> bytes:
        message = b"cursor-1\n%b\n%b" % (of.encode(), written)
        return hmac.digest(self._secret, message, sha256)[:_SEAL_BYTES]
