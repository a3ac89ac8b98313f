"""Callers who come through RapidAPI: each has an account, made on first sight.

Such a caller has no key. Redis keeps what an admission needs under a name made of plan and user,
where keys have their digest. Where the account was last seen on another plan, the admission asks
MongoDB, and so here.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pymongo.errors import DuplicateKeyError

from accounts.accounts import RAPIDAPI, Account, Status, stored
from accounts.audit import By, Record, What, changed
from accounts.changes import Change, Changes
from accounts.collections import ACCOUNTS
from accounts.errors import UnknownAccountError
from settings.plans import PlanName

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from accounts.accounts import Accounts
    from services.mongodb import Document

_BY = By(who="rapidapi")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A user of RapidAPI, and the plan that the subscription of this call gives."""

    user: str
    """Without blanks: ids of accounts stand between blanks in usage events."""
    plan: PlanName

    @property
    def account_id(self) -> str:
        """The id of the account."""
        return f"{RAPIDAPI}{self.user}"

    @property
    def name(self) -> str:
        """What stands where a key's digest stands; its colons keep it from ever being one."""
        return f"{RAPIDAPI}{self.plan.value}:{self.user}"

    @classmethod
    def named(cls, name: str) -> Subscriber | None:
        """The subscriber with this name, or None when it is a key's digest."""
        if not name.startswith(RAPIDAPI):
            return None
        plan, _, user = name.removeprefix(RAPIDAPI).partition(":")
        return cls(user=user, plan=PlanName(plan))


class Subscribers:
    """The accounts of RapidAPI's users."""

    def __init__(
        self, accounts: Accounts, database: AsyncDatabase[Document], redis: Redis | None = None
    ) -> None:
        self._accounts = accounts
        self._documents = database[ACCOUNTS]
        self._changes = Changes(database, redis)

    async def account_of(self, subscriber: Subscriber) -> Account:
        """The account; made when there is none, on another plan when the subscription has changed.

        What the operator has changed by hand holds until the subscription changes.
        """
        try:
            account = await self._accounts.find(subscriber.account_id)
        except UnknownAccountError:
            await self._make(subscriber)
            account = await self._accounts.find(subscriber.account_id)
        if account.subscribed is not subscriber.plan:
            await self._change_plan(subscriber)
            account = await self._accounts.find(subscriber.account_id)
        return account

    async def _make(self, subscriber: Subscriber) -> None:
        account = Account(
            id=subscriber.account_id,
            email=subscriber.account_id,
            plan=subscriber.plan,
            subscribed=subscriber.plan,
            status=Status.ACTIVE,
            created_at=datetime.now(UTC).replace(microsecond=0),
        )
        after = stored(account)

        async def write(session: AsyncClientSession) -> Change[None]:
            document = {"_id": account.id, **after, "created_at": account.created_at}
            await self._documents.insert_one(document, session=session)
            record = Record(what=What.ACCOUNT_CREATED, account_id=account.id, by=_BY, after=after)
            return Change(result=None, records=[record])

        with contextlib.suppress(DuplicateKeyError):  # another process saw the same user first
            await self._changes.carry_out(write)

    async def _change_plan(self, subscriber: Subscriber) -> None:
        """Follow the subscription; whoever asked for the account tells Redis of it."""
        account_id, plan = subscriber.account_id, subscriber.plan.value
        after = {"plan": plan, "subscribed": plan}

        async def write(session: AsyncClientSession) -> Change[None]:
            # Another process may see the same change first, and the operator set a plan after that.
            old = await self._documents.find_one_and_update(
                {"_id": account_id, "subscribed": {"$ne": plan}}, {"$set": after}, session=session
            )
            if old is None:
                return Change(result=None, records=[])
            before, differing = changed(old, after)
            record = Record(
                what=What.ACCOUNT_CHANGED,
                account_id=account_id,
                by=_BY,
                before=before,
                after=differing,
            )
            return Change(result=None, records=[record])

        await self._changes.carry_out(write)
