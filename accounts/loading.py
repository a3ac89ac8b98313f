"""Telling Redis of a key and its account: at their first call, and after Redis forgot them."""

from __future__ import annotations

import json
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from accounts.billing import period_of
from accounts.cached import CACHED_S, CHANGES, account_key, cached_key
from accounts.errors import UnknownAccountError, UnknownKeyError
from accounts.subscribers import Subscriber
from services.scripts import Script
from settings.plans import PLANS

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.accounts import Account, Accounts
    from accounts.key import Key
    from accounts.keys import Keys
    from accounts.subscribers import Subscribers
    from accounts.usage import Usage
    from services.wire import Wire, Word

_load = Script(Path(__file__).with_name("load.lua"))


class Loader:
    """Reads MongoDB for the admission that Redis cannot decide."""

    def __init__(
        self,
        wire: Wire,
        accounts: Accounts,
        keys: Keys,
        usage: Usage,
        subscribers: Subscribers | None = None,
    ) -> None:
        self._wire = wire
        self._subscribers = subscribers
        self._accounts = accounts
        self._keys = keys
        self._usage = usage

    async def load(self, key_digest: str, *, now: datetime, changes: str) -> None:
        """Tell Redis; unless a key or an account was changed since it counted ``changes``.

        Raises:
            UnknownKeyError: there is no such key, or its account is gone.
        """
        account, fields = await self._find(key_digest)
        period = period_of(account.created_at, now=now)
        await self._wire.run(
            _load,
            [cached_key(key_digest), account_key(account.id), f"month:{account.id}", CHANGES],
            [
                *(changes, CACHED_S, _unix(period[0]), *await self._charged(account, period[0])),
                *(len(fields), *fields, *_of_account(account, period)),
            ],
        )

    async def _find(self, key_digest: str) -> tuple[Account, list[Word]]:
        """The account, and what Redis keeps under the key's digest or the subscriber's name."""
        subscriber = Subscriber.named(key_digest)
        if subscriber is not None and self._subscribers is not None:
            return await self._subscribers.account_of(subscriber), _of_subscriber(subscriber)
        key = await self._keys.find_by_digest(key_digest)
        if key is None:
            raise UnknownKeyError
        try:
            return await self._accounts.find(key.account_id), _of_key(key)
        except UnknownAccountError:
            raise UnknownKeyError from None

    async def _charged(self, account: Account, start: datetime) -> tuple[Word, Word]:
        known = await self._wire.call("HGET", f"month:{account.id}", "period")
        if known == str(_unix(start)).encode():
            return "", ""
        charged = await self._usage.charged_since(account.id, start)
        return charged, await self._usage.items_since(account.id, start)


def _of_key(key: Key) -> list[Word]:
    expires_at = ceil(key.expires_at.timestamp()) if key.expires_at else ""
    allow = json.dumps(key.allow) if key.allow else ""
    return ["id", key.id, "account", key.account_id, "expires_at", expires_at, "allow", allow]


def _of_subscriber(subscriber: Subscriber) -> list[Word]:
    return [
        "id",
        "rapidapi",
        "account",
        subscriber.account_id,
        "expires_at",
        "",
        "allow",
        "",
        "subscribed",
        subscriber.plan.value,
    ]


def _of_account(account: Account, period: tuple[datetime, datetime]) -> list[Word]:
    plan = PLANS[account.plan]
    subscribed = account.subscribed
    return [
        *(("subscribed", subscribed.value) if subscribed else ()),
        *("email", account.email, "plan", plan.name.value, "status", account.status.value),
        *("rate", plan.requests_per_minute, "month", plan.requests_per_month),
        *("country", int(plan.country_detection)),
        *("period_start", _unix(period[0]), "period_end", _unix(period[1])),
    ]


def _unix(moment: datetime) -> int:
    return int(moment.timestamp())
