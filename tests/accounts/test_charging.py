from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from accounts.charging import Charge, Charging
from accounts.errors import MonthSpentError
from accounts.reports import Reports
from accounts.usage import Drainer
from settings.plans import PlanName

if TYPE_CHECKING:
    from accounts.accounts import Account
    from tests.accounts.conftest import Desk


async def deliver(desk: Desk, charging: Charging, account: Account, count: int) -> Charge:
    """Deliver as many items as the month is enough for."""
    charge = await charging.hold(account.id, count)
    async with desk.database.client.start_session() as session:
        items = await session.with_transaction(
            lambda session: charging.write(charge, charge.granted, cached=0, session=session)
        )
    await charging.settle(charge, items)
    return charge


@pytest.fixture
def charging(desk: Desk) -> Charging:
    return Charging(desk.database, desk.redis)


async def test_items_and_calls_share_the_month_to_its_last_request(
    desk: Desk, charging: Charging
) -> None:
    account, key = await desk.caller(PlanName.FREE)
    admission = await desk.admit(key, cost=1, request_id="req_a")
    assert await desk.settle(admission, "req_a") == 49

    assert (await deliver(desk, charging, account, 48)).granted == 48
    admission = await desk.admit(key, cost=1, request_id="req_b")
    assert (await deliver(desk, charging, account, 5)).granted == 0
    assert await desk.settle(admission, "req_b") == 0

    await asyncio.sleep(0.5)  # past the window of the rate
    with pytest.raises(MonthSpentError):
        await desk.admit(key, cost=1)
    assert await charging.left(account.id) == 0


async def test_a_held_request_is_no_call_s(desk: Desk, charging: Charging) -> None:
    account, key = await desk.caller(PlanName.FREE)
    assert (await charging.hold(account.id, 60)).granted == 50

    with pytest.raises(MonthSpentError):
        await desk.admit(key, cost=1)


async def test_items_are_in_the_reports_at_once(desk: Desk, charging: Charging) -> None:
    account, key = await desk.caller(PlanName.FREE)
    admission = await desk.admit(key, cost=1, request_id="req_a")
    await desk.settle(admission, "req_a")
    await deliver(desk, charging, account, 3)
    await Drainer(desk.redis, desk.database).drain()

    now = datetime.now(UTC)
    spent = await Reports(desk.usage, desk.database).spent(account, now=now)
    assert spent.charged == 4


async def test_what_redis_lost_is_read_from_mongodb(desk: Desk, charging: Charging) -> None:
    account, key = await desk.caller(PlanName.FREE)
    await deliver(desk, charging, account, 30)
    await desk.redis.flushall()

    admission = await desk.admit(key, cost=1, request_id="req_a")
    assert await desk.settle(admission, "req_a") == 19


async def test_a_crash_between_writing_and_telling_is_made_up_for(
    desk: Desk, charging: Charging
) -> None:
    account, key = await desk.caller(PlanName.FREE)
    await deliver(desk, charging, account, 1)
    charge = await charging.hold(account.id, 10)
    async with desk.database.client.start_session() as session:
        await session.with_transaction(
            lambda session: charging.write(charge, 10, cached=0, session=session)
        )
    await charging.tell(account.id)
    await charging.tell(account.id)

    admission = await desk.admit(key, cost=1, request_id="req_a")
    assert await desk.settle(admission, "req_a") == 38


async def test_an_account_that_is_not_there_pays_for_nothing(charging: Charging) -> None:
    assert (await charging.hold("acc_nobody", 3)).granted == 0
