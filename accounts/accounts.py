"""Accounts: who may call, and on which plan."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from accounts.cached import account_key, forget
from accounts.collections import ACCOUNTS
from accounts.errors import AccountExistsError, AccountsError, UnknownAccountError
from settings.plans import PlanName

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}")


RAPIDAPI = "rapidapi:"
"""How the ids of accounts begin that RapidAPI's users have; a user's name may hold an ``@``."""


class Status(StrEnum):
    """Whether an account may call."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One who calls."""

    id: str
    email: str
    plan: PlanName
    status: Status
    created_at: datetime
    subscribed: PlanName | None = None
    """The plan of its subscription at RapidAPI; None for who does not come from there."""


class Accounts:
    """The accounts in MongoDB; with Redis given, a change is seen at once everywhere."""

    def __init__(self, database: AsyncDatabase[Document], redis: Redis | None = None) -> None:
        self._accounts = database[ACCOUNTS]
        self._redis = redis

    async def create(self, email: str, plan: PlanName) -> Account:
        """Make an account.

        Raises:
            AccountExistsError: there is one with this address.
            AccountsError: this is no e-mail address.
        """
        address = email.strip().lower()
        if not _EMAIL.fullmatch(address) or address.startswith(RAPIDAPI):
            raise AccountsError(f"{email!r} is no e-mail address: expected name@example.com")
        account = Account(
            id=f"acc_{secrets.token_hex(10)}",
            email=address,
            plan=plan,
            status=Status.ACTIVE,
            created_at=datetime.now(UTC).replace(microsecond=0),
        )
        try:
            await self._accounts.insert_one(
                {
                    "_id": account.id,
                    "email": account.email,
                    "plan": account.plan.value,
                    "status": account.status.value,
                    "created_at": account.created_at,
                }
            )
        except DuplicateKeyError:
            raise AccountExistsError(f"there is an account {address} already") from None
        return account

    async def find(self, who: str) -> Account:
        """The account with this id or e-mail address.

        Raises:
            UnknownAccountError: there is none.
        """
        document = await self._accounts.find_one(_named(who))
        return _read(document, who)

    async def list(self) -> list[Account]:
        """All accounts, oldest first."""
        return [_read(found, "") async for found in self._accounts.find().sort("created_at", 1)]

    async def set_status(self, who: str, status: Status) -> Account:
        """Suspend or resume.

        Raises:
            UnknownAccountError: there is no such account.
        """
        return await self._change(who, {"status": status.value})

    async def set_plan(self, who: str, plan: PlanName) -> Account:
        """Change the plan, with effect from the next call.

        Raises:
            UnknownAccountError: there is no such account.
        """
        return await self._change(who, {"plan": plan.value})

    async def _change(self, who: str, change: dict[str, Any]) -> Account:
        document = await self._accounts.find_one_and_update(
            _named(who), {"$set": change}, return_document=ReturnDocument.AFTER
        )
        account = _read(document, who)
        await forget(self._redis, account_key(account.id))
        return account


def _named(who: str) -> dict[str, Any]:
    is_email = "@" in who and not who.startswith(RAPIDAPI)
    return {"email": who.strip().lower()} if is_email else {"_id": who}


def _read(document: Document | None, who: str) -> Account:
    if document is None:
        raise UnknownAccountError(f"there is no account {who!r}: `account list` shows all")
    subscribed = document.get("subscribed")
    return Account(
        id=document["_id"],
        email=document["email"],
        plan=PlanName(document["plan"]),
        status=Status(document["status"]),
        created_at=document["created_at"],
        subscribed=PlanName(subscribed) if subscribed else None,
    )
