from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from accounts.audit import Audit, What
from accounts.errors import AccountsError, UnknownKeyError
from accounts.keys import digest
from accounts.subscribers import Subscriber, Subscribers
from settings.plans import PlanName

if TYPE_CHECKING:
    from services.wire import Wire
    from tests.accounts.conftest import Desk


def ann(plan: PlanName = PlanName.FREE) -> Subscriber:
    return Subscriber(user="ann@example", plan=plan)


def test_a_subscriber_is_read_back_from_its_name() -> None:
    assert Subscriber.named(ann(PlanName.PRO).name) == ann(PlanName.PRO)
    assert Subscriber.named(digest("rapidapi:pro:ann")) is None
    assert ":" in ann().name  # so that it is nothing's digest


async def test_an_account_is_made_once_however_many_ask(desk: Desk) -> None:
    subscribers = Subscribers(desk.accounts, desk.database)

    made = await asyncio.gather(*(subscribers.account_of(ann()) for _ in range(40)))

    assert set(made) == {await desk.accounts.find("rapidapi:ann@example")}
    assert made[0].email == made[0].id
    assert await desk.database.accounts.count_documents({}) == 1


async def test_users_beside_each_other_have_accounts_of_their_own(desk: Desk) -> None:
    subscribers = Subscribers(desk.accounts, desk.database)
    users = ["ann", "Ann", "ann.", "ann@example"]

    for user in users:
        await subscribers.account_of(Subscriber(user=user, plan=PlanName.FREE))

    assert {one.id for one in await desk.accounts.list()} == {f"rapidapi:{user}" for user in users}


async def test_a_plan_follows_its_subscription_and_nothing_else(desk: Desk) -> None:
    subscribers = Subscribers(desk.accounts, desk.database)

    async def plan(subscribed: PlanName) -> PlanName:
        return (await subscribers.account_of(ann(subscribed))).plan

    assert await plan(PlanName.PRO) is PlanName.PRO
    await desk.accounts.set_plan(ann().account_id, PlanName.BUSINESS)
    assert await plan(PlanName.PRO) is PlanName.BUSINESS
    assert await plan(PlanName.FREE) is PlanName.FREE


async def test_what_a_subscription_does_to_an_account_is_in_the_audit(desk: Desk) -> None:
    subscribers = Subscribers(desk.accounts, desk.database)

    for plan in (PlanName.PRO, PlanName.FREE, PlanName.FREE):
        await subscribers.account_of(ann(plan))

    changed, created = (await Audit(desk.database).page(ann().account_id)).items
    assert (created.what, created.by.who) == (What.ACCOUNT_CREATED, "rapidapi")
    assert created.after["plan"] == "pro"
    assert changed.what is What.ACCOUNT_CHANGED
    assert (changed.before["plan"], changed.after["plan"]) == ("pro", "free")


async def test_a_changed_subscription_counts_from_that_call_on(desk: Desk, wire: Wire) -> None:
    desk.limits = desk.limits_over(wire, subscribers=Subscribers(desk.accounts, desk.database))
    admitted = [
        (await desk.admit(ann(plan).name, address="203.0.113.7")).plan
        for plan in (PlanName.FREE, PlanName.PRO, PlanName.FREE, PlanName.FREE, PlanName.PRO)
    ]

    assert admitted == [PlanName.FREE, PlanName.PRO, PlanName.FREE, PlanName.FREE, PlanName.PRO]
    assert await desk.redis.keys("strangers:*") == []


async def test_a_key_of_the_same_account_has_the_same_plan(desk: Desk, wire: Wire) -> None:
    desk.limits = desk.limits_over(wire, subscribers=Subscribers(desk.accounts, desk.database))
    await desk.admit(ann(PlanName.PRO).name)
    _, secret = await desk.keys.issue(ann().account_id)

    assert (await desk.admit(digest(secret))).plan is PlanName.PRO
    await desk.admit(ann(PlanName.BASIC).name)
    assert (await desk.admit(digest(secret))).plan is PlanName.BASIC


async def test_where_rapidapi_is_off_a_subscriber_is_nobody(desk: Desk) -> None:
    with pytest.raises(UnknownKeyError):
        await desk.admit(ann().name)


async def test_no_other_account_can_take_a_users_place(desk: Desk) -> None:
    with pytest.raises(AccountsError, match="is no e-mail address"):
        await desk.accounts.create("RapidAPI:ann@example", PlanName.FREE)
