"""API keys: shown once, kept as a digest."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import TYPE_CHECKING

from pymongo import ReturnDocument

from accounts.cached import cached_key, forget
from accounts.collections import KEYS
from accounts.errors import AccountsError, KeyNotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

_RANDOM_BYTES = 24
_HINT_LENGTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What is kept of a key."""

    id: str
    account_id: str
    digest: str
    hint: str
    """Its first characters, to tell it from others."""
    label: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    allow: tuple[str, ...]
    """Networks it may be used from; empty for all."""


def mint() -> str:
    """A new key: ``tk_`` and 192 random bits."""
    return f"tk_{secrets.token_urlsafe(_RANDOM_BYTES)}"


def digest(key: str) -> str:
    """What is kept of a key: its SHA-256, hexadecimal. The key's own randomness is its salt."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


class Keys:
    """The keys in MongoDB; with Redis given, a change is seen at once everywhere."""

    def __init__(self, database: AsyncDatabase[Document], redis: Redis | None = None) -> None:
        self._keys = database[KEYS]
        self._redis = redis

    async def issue(
        self,
        account_id: str,
        *,
        label: str | None = None,
        expires_at: datetime | None = None,
        allow: Sequence[str] = (),
    ) -> tuple[Key, str]:
        """A new key and its secret, which nobody can show again.

        Raises:
            AccountsError: a network of ``allow`` is none.
        """
        secret = mint()
        key = Key(
            id=f"key_{secrets.token_hex(8)}",
            account_id=account_id,
            digest=digest(secret),
            hint=secret[:_HINT_LENGTH],
            label=label,
            created_at=datetime.now(UTC).replace(microsecond=0),
            expires_at=expires_at,
            revoked_at=None,
            allow=tuple(_network(network) for network in allow),
        )
        await self._keys.insert_one(
            {
                "_id": key.id,
                "account_id": key.account_id,
                "digest": key.digest,
                "hint": key.hint,
                "label": key.label,
                "created_at": key.created_at,
                "expires_at": key.expires_at,
                "revoked_at": None,
                "allow": list(key.allow),
            }
        )
        return key, secret

    async def find_by_digest(self, key_digest: str) -> Key | None:
        """The key with this digest, unless it was revoked."""
        document = await self._keys.find_one({"digest": key_digest, "revoked_at": None})
        return _read(document) if document is not None else None

    async def list(self, account_id: str) -> list[Key]:
        """All keys of an account, revoked ones too, oldest first."""
        found = self._keys.find({"account_id": account_id}).sort("created_at", 1)
        return [_read(document) async for document in found]

    async def revoke(self, key_id: str) -> Key:
        """End a key, with effect from the next call.

        Raises:
            KeyNotFoundError: no key has this id.
        """
        document = await self._keys.find_one_and_update(
            {"_id": key_id},
            [{"$set": {"revoked_at": {"$ifNull": ["$revoked_at", datetime.now(UTC)]}}}],
            return_document=ReturnDocument.AFTER,
        )
        if document is None:
            raise KeyNotFoundError(f"there is no key {key_id!r}: `key list WHO` shows an account's")
        key = _read(document)
        await forget(self._redis, cached_key(key.digest))
        return key


def _network(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise AccountsError(
            f"{text!r} is no network: expected an address such as 203.0.113.7 or 2001:db8::/32"
        ) from None


def _read(document: Document) -> Key:
    return Key(
        id=document["_id"],
        account_id=document["account_id"],
        digest=document["digest"],
        hint=document["hint"],
        label=document["label"],
        created_at=document["created_at"],
        expires_at=document["expires_at"],
        revoked_at=document["revoked_at"],
        allow=tuple(document["allow"]),
    )
