"""One API key: what is kept of it, and whether it works."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from services.mongodb import Document


class KeyStatus(StrEnum):
    """Whether a key works."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


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
    replaced_by: str | None = None
    """Id of the key that it was rotated to."""
    last_used_at: datetime | None = field(default=None, compare=False)
    """When it last paid for an answer or failed to get one; up to 20 seconds late."""
    is_told: bool = field(default=True, compare=False)
    """False when Redis could not be told of the change that made it so: it is told later."""

    def status(self, now: datetime) -> KeyStatus:
        """Whether it works at a time."""
        if self.revoked_at is not None:
            return KeyStatus.REVOKED
        if self.expires_at is not None and self.expires_at <= now:
            return KeyStatus.EXPIRED
        return KeyStatus.ACTIVE

    def variable(self) -> dict[str, Any]:
        """What may change of it, as it is stored; nothing of it is secret."""
        return {
            "label": self.label,
            "expires_at": self.expires_at,
            "revoked_at": self.revoked_at,
            "allow": list(self.allow),
            "replaced_by": self.replaced_by,
        }

    def stored(self) -> Document:
        """The key as a document."""
        return {
            "_id": self.id,
            "account_id": self.account_id,
            "digest": self.digest,
            "hint": self.hint,
            "created_at": self.created_at,
            **self.variable(),
        }


def read_key(document: Document) -> Key:
    """The key of a document."""
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
        replaced_by=document.get("replaced_by"),
        last_used_at=document.get("last_used_at"),
    )
