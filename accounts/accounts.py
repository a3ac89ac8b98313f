"""Accounts: who may call, and on which plan."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pymongo.errors import DuplicateKeyError

from accounts.audit import SYSTEM, By, Record, What, changed
from accounts.cached import account_key
from accounts.changes import Change, Changes
from accounts.collections import ACCOUNTS
from accounts.errors import AccountExistsError, AccountsError, UnknownAccountError
from accounts.paging import Page, read_page
from settings.plans import PlanName

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

EMAIL = r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}"
"""What an address that somebody gives must look like; what is stored need not be one."""


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
    last_request_at: datetime | None = field(default=None, compare=False)
    """When it was last charged or failed; up to 20 seconds late."""
    is_told: bool = field(default=True, compare=False)
    """False when Redis could not be told of the change that made it so: it is told later."""


class Accounts:
    """The accounts in MongoDB; with Redis given, a change is seen at once everywhere.

    Each change leaves a record in the audit.
    """

    def __init__(self, database: AsyncDatabase[Document], redis: Redis | None = None) -> None:
        self._accounts = database[ACCOUNTS]
        self._changes = Changes(database, redis)

    async def create(self, email: str, plan: PlanName, *, by: By = SYSTEM) -> Account:
        """Make an account.

        Raises:
            AccountExistsError: there is one with this address.
            AccountsError: this is no e-mail address.
        """
        address = email.strip().lower()
        if not re.fullmatch(EMAIL, address):
            raise AccountsError(f"{email!r} is no e-mail address: expected name@example.com")
        account = Account(
            id=f"acc_{secrets.token_hex(10)}",
            email=address,
            plan=plan,
            status=Status.ACTIVE,
            created_at=datetime.now(UTC).replace(microsecond=0),
        )

        async def write(session: AsyncClientSession) -> Change[Account]:
            stored = {"_id": account.id, **_stored(account), "created_at": account.created_at}
            await self._accounts.insert_one(stored, session=session)
            record = Record(
                what=What.ACCOUNT_CREATED, account_id=account.id, by=by, after=_stored(account)
            )
            return Change(result=account, records=[record])

        try:
            await self._changes.carry_out(write)
        except DuplicateKeyError:
            raise AccountExistsError(f"there is an account {address} already") from None
        return account

    async def find(self, who: str) -> Account:
        """The account with this id or e-mail address.

        Raises:
            UnknownAccountError: there is none.
        """
        return _read(await self._accounts.find_one(_named(who)), who)

    async def list(self) -> list[Account]:
        """All accounts, oldest first."""
        return [_read(found, "") async for found in self._accounts.find().sort("created_at", 1)]

    async def page(self, *, limit: int = 50, cursor: str | None = None) -> Page[Account]:
        """Accounts, newest first.

        Raises:
            CursorError: ``cursor`` is none that an earlier page gave.
        """
        page = await read_page(self._accounts, {}, by="created_at", limit=limit, cursor=cursor)
        return page.of(lambda document: _read(document, ""))

    async def set_status(self, who: str, status: Status, *, by: By = SYSTEM) -> Account:
        """Suspend or resume.

        Raises:
            UnknownAccountError: there is no such account.
        """
        return await self.change(who, status=status, by=by)

    async def set_plan(self, who: str, plan: PlanName, *, by: By = SYSTEM) -> Account:
        """Change the plan, with effect from the next call; what is used of the month stays used.

        Raises:
            UnknownAccountError: there is no such account.
        """
        return await self.change(who, plan=plan, by=by)

    async def change(
        self,
        who: str,
        *,
        plan: PlanName | None = None,
        status: Status | None = None,
        by: By = SYSTEM,
    ) -> Account:
        """Change what is given.

        Raises:
            UnknownAccountError: there is no such account.
        """

        async def write(session: AsyncClientSession) -> Change[Account]:
            old = _read(await self._accounts.find_one(_named(who), session=session), who)
            new = replace(old, plan=plan or old.plan, status=status or old.status)
            before, after = changed(_stored(old), _stored(new))
            if after:
                await self._accounts.update_one({"_id": old.id}, {"$set": after}, session=session)
            record = Record(
                what=What.ACCOUNT_CHANGED, account_id=old.id, by=by, before=before, after=after
            )
            return Change(result=new, records=[record] if after else [], stale=account_key(old.id))

        account, is_told = await self._changes.carry_out(write)
        return replace(account, is_told=is_told)


def _named(who: str) -> dict[str, Any]:
    # An id may hold an @ too, and what stands for an address need not be one.
    return {"$or": [{"_id": who}, {"email": who.strip().lower()}]}


def _stored(account: Account) -> dict[str, Any]:
    """What of an account is written, but for its id and age."""
    return {
        "email": account.email,
        "plan": account.plan.value,
        "status": account.status.value,
    }


def _read(document: Document | None, who: str) -> Account:
    if document is None:
        raise UnknownAccountError(f"there is no account {who!r}: `account list` shows all")
    return Account(
        id=document["_id"],
        email=document["email"],
        plan=PlanName(document["plan"]),
        status=Status(document["status"]),
        created_at=document["created_at"],
        last_request_at=document.get("last_request_at"),
    )
