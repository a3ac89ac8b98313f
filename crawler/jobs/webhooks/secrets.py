"""What webhooks are signed with: one secret an owner, and the one before while receivers change."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from pymongo import ReturnDocument

from crawler.jobs.webhooks.collections import SECRETS
from services.sealing import Seal, SealError

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

OPERATOR = "operator"
"""Whose secret signs for crawls that no account owns."""
OVERLAP_S = 24 * 3600
MAX_OVERLAP_S = 30 * 24 * 3600
_RANDOM_BYTES = 32


class SecretError(Exception):
    """What cannot be done with a secret; the text says why."""


class SecretUnreadableError(SecretError):
    """The secret was sealed with another SECRET_KEY."""


class RotationError(SecretError):
    """The secret was rotated before, and the one before it is still valid."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Secret:
    """An owner's secret, as receivers are given it: ``whsec_…``."""

    current: str
    created_at: datetime
    previous: str | None = None
    """The one before, with which messages are signed as well."""
    previous_until: datetime | None = None

    @property
    def all(self) -> list[str]:
        """Each that messages are signed with now."""
        return [self.current, *([self.previous] if self.previous else [])]


class Secrets:
    """The secrets of all owners, sealed in MongoDB; an owner's is made when it is first wanted."""

    def __init__(self, database: AsyncDatabase[Document], secret_key: bytes) -> None:
        self._documents = database[SECRETS]
        self._seal = Seal(secret_key, b"webhooks")

    async def get(self, owner: str | None) -> Secret:
        """The owner's secret; None is the operator.

        Raises:
            SecretUnreadableError: ``SECRET_KEY`` is another than when it was made.
        """
        whose = owner or OPERATOR
        return self._read(await self._document(whose), whose)

    async def rotate(self, owner: str | None, *, overlap_s: int = OVERLAP_S) -> Secret:
        """Make a new secret; the old one signs as well for ``overlap_s``, with 0 no more at once.

        One that cannot be read any more is replaced at once.

        Raises:
            RotationError: another rotation's overlap lasts, and this one would cut it short.
        """
        whose = owner or OPERATOR
        while True:
            old = await self._document(whose)
            new = self._rotated(old, whose, overlap_s)
            # Of two that do so at once the later looks again at what the first has made.
            query = {"_id": whose, "sealed": old["sealed"]}
            if (await self._documents.replace_one(query, new)).matched_count:
                return self._read(new, whose)

    def _rotated(self, old: Document, whose: str, overlap_s: int) -> Document:
        until = old.get("previous_until")
        if overlap_s and old.get("previous") and until and until > _now():
            raise RotationError(
                f"the secret before signs until {until:%Y-%m-%dT%H:%M:%SZ}: wait, or send"
                " 'overlap_s': 0 to end all but the new one at once"
            )
        new = self._made(whose)
        if overlap_s and self._can_read(old, whose):
            new["previous"] = old["sealed"]
            new["previous_until"] = _now() + timedelta(seconds=overlap_s)
        return {"_id": whose, **new}

    async def _document(self, whose: str) -> Document:
        found = await self._documents.find_one({"_id": whose})
        if found is not None:
            return found
        made = await self._documents.find_one_and_update(
            {"_id": whose},
            {"$setOnInsert": self._made(whose)},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return cast("Document", made)  # upserted, it is there

    def _made(self, whose: str) -> dict[str, Any]:
        sealed = self._seal.close(secrets.token_bytes(_RANDOM_BYTES), about=whose)
        return {"sealed": sealed, "created_at": _now(), "previous": None, "previous_until": None}

    def _read(self, document: Document, whose: str) -> Secret:
        try:
            current = self._opened(document["sealed"], whose)
            until = document["previous_until"]
            is_valid = until is not None and until > _now()
            return Secret(
                current=current,
                created_at=document["created_at"],
                previous=self._opened(document["previous"], whose) if is_valid else None,
                previous_until=until if is_valid else None,
            )
        except SealError:
            raise SecretUnreadableError(
                "the secret cannot be read, for SECRET_KEY has changed: rotate it"
            ) from None

    def _can_read(self, document: Document, whose: str) -> bool:
        try:
            self._opened(document["sealed"], whose)
        except SealError:
            return False
        return True

    def _opened(self, sealed: bytes, whose: str) -> str:
        return f"whsec_{base64.b64encode(self._seal.open(sealed, about=whose)).decode()}"


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
