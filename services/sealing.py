"""Sealing what lies in a database and must not be read there: AES-GCM with keys of one secret."""

from __future__ import annotations

import secrets
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class SealError(Exception):
    """What was sealed cannot be opened: the secret is another, or it was changed."""


class Seal:
    """Seals for one purpose; what is sealed holds for what it is about alone."""

    def __init__(self, secret: bytes, purpose: bytes) -> None:
        self._cipher = AESGCM(derived(secret, purpose))

    def close(self, content: bytes, *, about: str) -> bytes:
        """The content, sealed."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, about.encode())

    def open(self, sealed: bytes, *, about: str) -> bytes:
        """What was sealed.

        Raises:
            SealError: it was sealed with another secret, for another purpose or about another.
        """
        try:
            nonce, closed = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            return self._cipher.decrypt(nonce, closed, about.encode())
        except (InvalidTag, ValueError) as error:
            raise SealError from error


def derived(secret: bytes, purpose: bytes) -> bytes:
    """A key of its own for each purpose, of any secret."""
    return blake2b(blake2b(secret).digest(), person=purpose, digest_size=32).digest()
