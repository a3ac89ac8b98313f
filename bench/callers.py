"""Those who ask: accounts on the largest plan, under the limits that are sold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.accounts import Accounts
from accounts.collections import prepare
from accounts.keys import Keys
from services import mongodb
from settings.plans import PlanName

if TYPE_CHECKING:
    from bench.ground import Ground


async def business_keys(ground: Ground, count: int) -> list[str]:
    """Make as many accounts, and answer the key of each."""
    async with mongodb.connect(ground.mongodb_uri) as client:
        database = mongodb.database(client, ground.mongodb_uri)
        await prepare(database)
        accounts, keys = Accounts(database), Keys(database)
        secrets = []
        for number in range(count):
            account = await accounts.create(f"caller{number}@example.com", PlanName.BUSINESS)
            _, secret = await keys.issue(account.id)
            secrets.append(secret)
    return secrets
