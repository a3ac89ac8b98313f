"""The audit: a record of each change of an account or a key, kept in the change's own transaction.

A record also says which cached record of Redis the change has made wrong, until Redis is told.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from accounts.collections import AUDIT
from accounts.paging import read_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymongo.asynchronous.database import AsyncDatabase

    from accounts.paging import Page
    from services.mongodb import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who makes a change, and in which request."""

    who: str
    """``cli``, ``admin``, ``rapidapi``, ``system`` for the service itself, or the id of the key."""
    request_id: str | None = None


CLI = By(who="cli")
SYSTEM = By(who="system")


class What(StrEnum):
    """What is done to accounts and keys."""

    ACCOUNT_CREATED = "account_created"
    ACCOUNT_CHANGED = "account_changed"
    KEY_ISSUED = "key_issued"
    KEY_CHANGED = "key_changed"
    KEY_ROTATED = "key_rotated"
    KEY_REVOKED = "key_revoked"
    USER_ERASED = "user_erased"
    """A user of TikTok's, of no account: it says how much of them there was, not who."""


def new_record_id() -> str:
    """Mint an id such as ``aud_5f0c…``."""
    return f"aud_{secrets.token_hex(10)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One change. What did not change stands in neither ``before`` nor ``after``."""

    what: What
    account_id: str
    """Empty when it was done to none."""
    by: By
    key_id: str | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    id: str = field(default_factory=new_record_id)

    def stored(self, *, untold: str | None = None) -> Document:
        """The record as a document; ``untold`` names what Redis is to forget."""
        return {
            "_id": self.id,
            "at": self.at,
            "who": self.by.who,
            "what": self.what.value,
            "account_id": self.account_id,
            "key_id": self.key_id,
            "before": dict(self.before),
            "after": dict(self.after),
            "request_id": self.by.request_id,
            **({"untold": untold} if untold else {}),
        }


def changed(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs of two versions, as it was and as it is."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


class Audit:
    """The records, to be read."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._records = database[AUDIT]

    async def page(
        self, account_id: str | None = None, *, limit: int = 50, cursor: str | None = None
    ) -> Page[Record]:
        """Records of an account, or of all, newest first.

        Raises:
            CursorError: ``cursor`` is none that an earlier page gave.
        """
        query = {"account_id": account_id} if account_id else {}
        page = await read_page(self._records, query, by="at", limit=limit, cursor=cursor)
        return page.of(_read)


def _read(document: Document) -> Record:
    return Record(
        id=document["_id"],
        at=document["at"],
        by=By(who=document["who"], request_id=document["request_id"]),
        what=What(document["what"]),
        account_id=document["account_id"],
        key_id=document["key_id"],
        before=document["before"],
        after=document["after"],
    )
