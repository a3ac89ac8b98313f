from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import pytest

from accounts.errors import (
    AccountExistsError,
    AccountsError,
    KeyNotFoundError,
    UnknownAccountError,
)
from accounts.keys import digest, mint
from settings.plans import PlanName

if TYPE_CHECKING:
    from tests.accounts.conftest import Desk


def test_keys_are_long_random_and_never_alike() -> None:
    keys = {mint() for _ in range(1000)}

    assert len(keys) == 1000
    assert all(re.fullmatch(r"tk_[A-Za-z0-9_-]{32}", key) for key in keys)


async def test_the_key_itself_is_kept_nowhere(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    account = await desk.accounts.create("a@example.com", PlanName.FREE)
    key, secret = await desk.keys.issue(account.id, label="laptop")
    await desk.admit(digest(secret))

    stored = str([document async for document in desk.database.keys.find()])
    cached = str([await desk.redis.hgetall(name) async for name in desk.redis.scan_iter("key:*")])

    assert secret not in stored + cached + caplog.text
    assert digest(secret) in stored
    assert secret.startswith(key.hint)
    assert len(key.hint) <= 8


async def test_an_email_address_has_one_account(desk: Desk) -> None:
    await desk.accounts.create("A@Example.com", PlanName.FREE)

    with pytest.raises(AccountExistsError, match=r"a@example\.com already"):
        await desk.accounts.create("a@example.com ", PlanName.PRO)


@pytest.mark.parametrize("email", ["", "nobody", "a@b@c", "a b@example.com", "a\x00@example.com"])
async def test_what_is_no_email_address_is_refused(desk: Desk, email: str) -> None:
    with pytest.raises(AccountsError, match=r"is no e-mail address"):
        await desk.accounts.create(email, PlanName.FREE)


async def test_an_account_is_found_by_id_and_by_email(desk: Desk) -> None:
    account = await desk.accounts.create("a@example.com", PlanName.FREE)

    assert await desk.accounts.find(account.id) == account
    assert await desk.accounts.find("a@EXAMPLE.com") == account
    assert await desk.accounts.list() == [account]


async def test_who_is_unknown_is_said_so(desk: Desk) -> None:
    with pytest.raises(UnknownAccountError, match=r"'acc_none'"):
        await desk.accounts.find("acc_none")
    with pytest.raises(KeyNotFoundError, match=r"'key_none'"):
        await desk.keys.revoke("key_none")


async def test_a_key_revoked_twice_keeps_its_first_time(desk: Desk) -> None:
    account = await desk.accounts.create("a@example.com", PlanName.FREE)
    key, _ = await desk.keys.issue(account.id)

    first = await desk.keys.revoke(key.id)

    assert await desk.keys.revoke(key.id) == first
    assert first.revoked_at is not None
