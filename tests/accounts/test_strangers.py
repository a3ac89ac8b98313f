from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from accounts.errors import TooManyStrangersError, UnknownKeyError
from accounts.keys import Keys, digest
from accounts.strangers import FAILURES_A_MINUTE, Strangers, place_of
from settings.plans import PlanName

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from accounts.key import Key
    from services.wire import Wire
    from tests.accounts.conftest import Desk

ADDRESS = "203.0.113.7"


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("::1", "::/64"),
        ("x" * 500, "x" * 64),
        (None, "nowhere"),
    ],
)
def test_addresses_are_counted_by_site(address: str | None, place: str) -> None:
    assert place_of(address) == place


class Counted(Keys):
    """Keys that count how often MongoDB is asked."""

    asked = 0

    async def find_by_digest(self, key_digest: str) -> Key | None:
        self.asked += 1
        return await super().find_by_digest(key_digest)


async def guess(desk: Desk, number: int, address: str = ADDRESS) -> type[Exception]:
    with pytest.raises((UnknownKeyError, TooManyStrangersError)) as raised:
        await desk.admit(digest(f"tk_guess{number}"), address=address)
    return raised.type


async def test_a_flood_of_unknown_keys_reaches_mongodb_sixty_times(desk: Desk, wire: Wire) -> None:
    keys = Counted(desk.database)
    desk.limits = desk.limits_over(wire, keys=keys)
    desk.limits._strangers = Strangers(wire)

    refused = await asyncio.gather(*(guess(desk, number) for number in range(200)))

    assert refused.count(UnknownKeyError) == FAILURES_A_MINUTE
    assert keys.asked == FAILURES_A_MINUTE
    assert await guess(desk, 1, "203.0.113.8") is UnknownKeyError


async def test_who_waits_as_told_is_heard_again(desk: Desk, wire: Wire, redis_url: str) -> None:
    strangers = Strangers(wire, window_s=0.2)
    for number in range(FAILURES_A_MINUTE):
        await strangers.count(ADDRESS, str(number))
    with pytest.raises(TooManyStrangersError) as refused:
        await strangers.count(ADDRESS, "again")
    assert refused.value.retry_after_s == 1

    await asyncio.sleep(refused.value.retry_after_s)

    assert await strangers.count(ADDRESS, "again")


@pytest.mark.drill
async def test_valid_keys_are_not_counted(desk: Desk, redis_client: Redis) -> None:
    for _ in range(FAILURES_A_MINUTE + 5):
        _, key = await desk.caller()
        await desk.admit(key, address=ADDRESS)

    assert await redis_client.get(f"strangers:{ADDRESS}") in {"0", None}


async def test_a_key_known_lately_is_read_anew_from_an_address_that_is_refused(
    desk: Desk, wire: Wire, redis_client: Redis
) -> None:
    desk.limits._strangers = Strangers(wire)
    account, key = await desk.caller()
    await desk.admit(key, address=ADDRESS)
    await asyncio.gather(*(guess(desk, number) for number in range(FAILURES_A_MINUTE)))
    await redis_client.delete(f"key:{key}", f"account:{account.id}")

    assert (await desk.admit(key, address=ADDRESS)).account_id == account.id


async def test_a_revoked_key_is_counted_like_any_unknown_one(
    desk: Desk, wire: Wire, redis_client: Redis
) -> None:
    desk.limits._strangers = Strangers(wire)
    account, key = await desk.caller()
    await desk.admit(key, address=ADDRESS)
    (stored,) = await desk.keys.list(account.id)
    await desk.keys.revoke(stored.id)

    refusals = []
    for _ in range(FAILURES_A_MINUTE + 2):
        with pytest.raises((UnknownKeyError, TooManyStrangersError)) as raised:
            await desk.admit(key, address=ADDRESS)
        refusals.append(raised.type)

    # The first found that the key was known and told that it is so no more.
    assert refusals.count(UnknownKeyError) == FAILURES_A_MINUTE + 1
    assert refusals[-1] is TooManyStrangersError
    assert await redis_client.get(f"strangers:{ADDRESS}") == str(FAILURES_A_MINUTE)


async def test_a_key_issued_a_moment_ago_works_at_once(desk: Desk) -> None:
    account, _ = await desk.caller()
    await guess(desk, 1)

    _, secret = await desk.keys.issue(account.id)

    assert (await desk.admit(digest(secret), address=ADDRESS)).account_id == account.id


async def test_the_first_calls_of_a_key_all_at_once_ask_mongodb_once(
    desk: Desk, wire: Wire
) -> None:
    keys = Counted(desk.database)
    desk.limits = desk.limits_over(wire, keys=keys)
    _, key = await desk.caller(PlanName.BUSINESS)

    admitted = await asyncio.gather(*(desk.admit(key, address=ADDRESS) for _ in range(200)))

    assert len(admitted) == 200
    assert keys.asked == 1
