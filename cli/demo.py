"""The demo account, and a first call that works when it is pasted."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import orjson

from accounts.accounts import Accounts
from accounts.collections import prepare
from accounts.errors import AccountExistsError
from accounts.keys import Keys, digest
from services import mongodb, redis
from settings.plans import PlanName

if TYPE_CHECKING:
    from pathlib import Path

    from services.running import Servers

EMAIL = "demo@example.com"
LINK = "https://www.tiktok.com/@scout2015/video/6718335390845095173"
KEY_FILE = "demo-key"


def curl_line(address: str, *, key: str, link: str) -> str:
    """A shell command that asks for a post."""
    body = orjson.dumps({"url": link}).decode()
    return (
        f"curl -s {address}/api/v1/video/extract -H 'X-API-Key: {key}'"
        f" -H 'Content-Type: application/json' -d '{body}'"
    )


async def demo_key(servers: Servers, folder: Path) -> str:
    """The demo account's key, kept in the folder since the first start.

    One that the database does not know, for its data are new, is replaced.
    """
    path = folder / KEY_FILE
    async with (
        mongodb.connect(servers.mongodb_uri) as client,
        redis.connect(servers.redis_url) as cache,
    ):
        database = mongodb.database(client, servers.mongodb_uri)
        await prepare(database)
        keys = Keys(database, cache)
        with contextlib.suppress(OSError):
            kept = path.read_text().strip()
            if await keys.find_by_digest(digest(kept)) is not None:
                return kept
        accounts = Accounts(database, cache)
        try:
            account = await accounts.create(EMAIL, PlanName.BASIC)
        except AccountExistsError:
            account = await accounts.find(EMAIL)
        _, secret = await keys.issue(account.id, label="demo")
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secret)
    return secret
