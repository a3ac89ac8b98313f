from __future__ import annotations

import asyncio
import logging
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from accounts.errors import (
    AccountExistsError,
    AccountsError,
    AddressRefusedError,
    ExpiredKeyError,
    KeyNotFoundError,
    KeyStateError,
    TooManyKeysError,
    UnknownAccountError,
    UnknownKeyError,
)
from accounts.keys import MAX_KEYS, MAX_OVERLAP_S, digest, mint
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


async def test_a_rotated_key_works_beside_the_new_one_until_its_end(desk: Desk) -> None:
    account, _ = await desk.caller()
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    key, old = await desk.keys.issue(
        account.id, label="shop", expires_at=later, allow=["10.0.0.0/8"]
    )

    rotation = await desk.keys.rotate(key.id, overlap_s=3600)

    assert (rotation.new.label, rotation.new.allow) == ("shop", ("10.0.0.0/8",))
    assert rotation.new.expires_at == later
    assert rotation.old.replaced_by == rotation.new.id
    assert rotation.old.expires_at is not None
    assert rotation.old.expires_at <= datetime.now(UTC) + timedelta(hours=1)
    for secret in (old, rotation.secret):
        assert await desk.admit(digest(secret), address="10.0.0.1")
    await desk.redis.hset(f"key:{digest(old)}", "expires_at", "1")
    with pytest.raises(ExpiredKeyError):
        await desk.admit(digest(old), address="10.0.0.1")


async def test_a_rotated_key_never_works_longer_than_it_would_have(desk: Desk) -> None:
    account, _ = await desk.caller()
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=5)
    key, _ = await desk.keys.issue(account.id, expires_at=soon)

    assert (await desk.keys.rotate(key.id)).old.expires_at == soon


async def test_without_an_overlap_the_old_key_ends_at_once(desk: Desk) -> None:
    _, old = await desk.caller()
    await desk.admit(old)
    found = await desk.keys.find_by_digest(old)
    assert found is not None

    rotation = await desk.keys.rotate(found.id, overlap_s=0)

    with pytest.raises(UnknownKeyError):
        await desk.admit(old)
    assert await desk.admit(digest(rotation.secret))


async def test_a_key_is_rotated_once_and_only_while_it_works(desk: Desk) -> None:
    account, _ = await desk.caller()
    (first,) = await desk.keys.list(account.id)
    ended, _ = await desk.keys.issue(
        account.id, expires_at=datetime.now(UTC) - timedelta(seconds=1)
    )
    rotation = await desk.keys.rotate(first.id)

    with pytest.raises(KeyStateError, match=rf"rotated to {rotation.new.id} already"):
        await desk.keys.rotate(first.id)
    with pytest.raises(KeyStateError, match="is expired: issue a new one"):
        await desk.keys.rotate(ended.id)
    await desk.keys.revoke(rotation.new.id)
    with pytest.raises(KeyStateError, match="is revoked: issue a new one"):
        await desk.keys.rotate(rotation.new.id)
    for overlap_s in (-1, MAX_OVERLAP_S + 1):
        with pytest.raises(AccountsError, match="an overlap has"):
            await desk.keys.rotate(first.id, overlap_s=overlap_s)


async def test_of_two_rotations_at_once_one_is_refused(desk: Desk) -> None:
    account, _ = await desk.caller()
    (key,) = await desk.keys.list(account.id)

    came = await asyncio.gather(
        *(desk.keys.rotate(key.id) for _ in range(4)), return_exceptions=True
    )

    assert sum(isinstance(one, KeyStateError) for one in came) == 3
    assert len(await desk.keys.list(account.id)) == 2


async def test_an_account_has_no_more_keys_than_it_may_however_they_are_issued(desk: Desk) -> None:
    account, _ = await desk.caller()

    came = await asyncio.gather(
        *(desk.keys.issue(account.id) for _ in range(MAX_KEYS + 3)), return_exceptions=True
    )

    assert sum(isinstance(one, TooManyKeysError) for one in came) == 4
    keys = await desk.keys.list(account.id)
    assert len(keys) == MAX_KEYS
    rotation = await desk.keys.rotate(keys[0].id)
    with pytest.raises(TooManyKeysError, match="the account has 20 keys"):
        await desk.keys.issue(account.id)
    await desk.keys.revoke(rotation.new.id)
    await desk.keys.issue(account.id)


async def test_rotating_on_and_on_leaves_no_crowd_of_keys(desk: Desk) -> None:
    account, _ = await desk.caller()
    (key,) = await desk.keys.list(account.id)

    for _ in range(2 * MAX_KEYS - 1):
        key = (await desk.keys.rotate(key.id)).new
    with pytest.raises(TooManyKeysError, match="the account has 40 keys"):
        await desk.keys.rotate(key.id)

    assert len(await desk.keys.list(account.id)) == 2 * MAX_KEYS
    assert (await desk.keys.rotate(key.id, overlap_s=0)).new.id != key.id


async def test_a_key_gets_other_networks_from_the_next_call_on(desk: Desk) -> None:
    account, secret = await desk.caller()
    (key,) = await desk.keys.list(account.id)
    await desk.admit(secret, address="10.0.0.1")

    edited = await desk.keys.edit(key.id, {"allow": ["::ffff:192.0.2.0/120"]})

    assert edited.allow == ("192.0.2.0/24",)
    with pytest.raises(AddressRefusedError):
        await desk.admit(secret, address="10.0.0.1")
    assert await desk.admit(secret, address="::ffff:192.0.2.7")
    await desk.keys.edit(key.id, {"allow": []})
    assert await desk.admit(secret, address="10.0.0.1")


async def test_what_does_not_work_any_more_is_not_changed(desk: Desk) -> None:
    account, _ = await desk.caller()
    (key,) = await desk.keys.list(account.id)
    await desk.keys.revoke(key.id)

    with pytest.raises(KeyStateError, match="is revoked"):
        await desk.keys.edit(key.id, {"label": "again"})
    with pytest.raises(AccountsError, match="is no network"):
        await desk.keys.edit(key.id, {"allow": ["office"]})


async def test_keys_of_others_are_as_unknown_as_those_of_nobody(desk: Desk) -> None:
    account, _ = await desk.caller()
    other, _ = await desk.caller()
    (key,) = await desk.keys.list(account.id)

    for attempt in (
        desk.keys.revoke(key.id, of=other.id),
        desk.keys.rotate(key.id, of=other.id),
        desk.keys.edit(key.id, {"label": "mine"}, of=other.id),
    ):
        with pytest.raises(KeyNotFoundError):
            await attempt
    assert (await desk.keys.list(account.id)) == [key]


async def test_a_key_needs_an_account(desk: Desk) -> None:
    with pytest.raises(UnknownAccountError):
        await desk.keys.issue("acc_none")


async def test_an_account_without_an_address_is_found_by_its_id(desk: Desk) -> None:
    await desk.database.accounts.insert_one(
        {
            "_id": "rapidapi:ada@home",
            "email": "rapidapi:ada@home",
            "plan": "free",
            "status": "active",
            "created_at": datetime.now(UTC),
        }
    )

    assert (await desk.accounts.find("rapidapi:ada@home")).email == "rapidapi:ada@home"
    assert (await desk.accounts.set_plan("rapidapi:ada@home", PlanName.PRO)).plan == PlanName.PRO


async def test_the_month_stays_used_when_the_plan_changes(desk: Desk) -> None:
    account, key = await desk.caller()
    for number in range(3):
        admission = await desk.admit(key, cost=1, request_id=f"req_u{number}")
        await desk.settle(admission, f"req_u{number}")

    await desk.accounts.set_plan(account.id, PlanName.PRO)
    assert (await desk.admit(key)).requests_remaining == 10_000 - 3
    await desk.accounts.set_plan(account.id, PlanName.FREE)
    assert (await desk.admit(key)).requests_remaining == 50 - 3
