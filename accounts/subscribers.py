"""Callers who come through RapidAPI: each has an account, made on first sight.

Such a caller has no key. Redis keeps what an admission needs under a name made of plan and user,
where keys have their digest. Where the account was last seen on another plan, the admission asks
MongoDB, and so here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pymongo.errors import DuplicateKeyError

from accounts.accounts import RAPIDAPI, Status
from accounts.collections import ACCOUNTS
from accounts.errors import UnknownAccountError
from settings.plans import PlanName

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from accounts.accounts import Account, Accounts
    from services.mongodb import Document


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

    def __init__(self, accounts: Accounts, database: AsyncDatabase[Document]) -> None:
        self._accounts = accounts
        self._documents = database[ACCOUNTS]

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
        plan = subscriber.plan.value
        try:
            await self._documents.insert_one(
                {
                    "_id": subscriber.account_id,
                    "email": subscriber.account_id,
                    "plan": plan,
                    "subscribed": plan,
                    "status": Status.ACTIVE.value,
                    "created_at": datetime.now(UTC).replace(microsecond=0),
                }
            )
        except DuplicateKeyError:
            return  # another process saw the same user first

    async def _change_plan(self, subscriber: Subscriber) -> None:
        plan = subscriber.plan.value
        # Another process may see the same change first, and the operator set a plan after that.
        await self._documents.update_one(
            {"_id": subscriber.account_id, "subscribed": {"$ne": plan}},
            {"$set": {"plan": plan, "subscribed": plan}},
        )
