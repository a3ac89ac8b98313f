from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from accounts.accounts import Status
from accounts.errors import (
    AccountsError,
    AddressRefusedError,
    CountryNotAvailableError,
    ExpiredKeyError,
    LimitsUnavailableError,
    MonthSpentError,
    RateExceededError,
    SuspendedError,
    UnknownKeyError,
)
from accounts.folding import Event
from accounts.keys import Keys
from accounts.limits import Admission
from accounts.usage import STREAM
from services import mongodb
from services.wire import Wire
from settings.plans import PlanName
from tests.accounts.conftest import RESERVATION_S, WINDOW_S, Desk

if TYPE_CHECKING:
    from accounts.limits import Limits

VIDEO = "video:7106594312292453675"
FIELDS = ("plain", "video_url", "reason")


async def moment(desk: Desk) -> float:
    seconds, microseconds = await desk.redis.time()
    return float(seconds + microseconds / 1e6)


async def only_event(desk: Desk) -> Event:
    events: Any = await desk.redis.xrange(STREAM)
    ((_, fields),) = events
    return Event.read(fields["event"])


async def test_no_window_ever_holds_more_than_the_plan_allows(desk: Desk, redis_url: str) -> None:
    account, key = await desk.caller()
    moments: set[int] = set()
    admitted = 0

    async def count() -> None:
        nonlocal admitted
        admitted += 1
        window: Any = await desk.redis.lrange(f"rate:{account.id}", 0, -1)
        moments.update(map(int, window))

    await desk.admit(key)
    await count()
    schedule = random.Random(7)

    async def call(limits: Limits, number: int) -> None:
        await asyncio.sleep(schedule.random() * 1.2)
        try:
            await limits.admit(key_digest=key, request_id=f"req_{number}w", cost=0)
        except RateExceededError:
            return
        await count()

    async with Wire(redis_url, timeout_s=10) as other:
        processes = [desk.limits, desk.limits_over(other)]
        await asyncio.gather(*(call(processes[number % 2], number) for number in range(300)))

    times = sorted(moments)
    assert len(times) == admitted > 20
    for first, eleventh in zip(times, times[10:], strict=False):
        assert eleventh - first > WINDOW_S * 1_000_000


async def test_a_caller_who_waits_as_told_is_admitted(desk: Desk) -> None:
    _, key = await desk.caller()
    for _ in range(10):
        await desk.admit(key)
    with pytest.raises(RateExceededError) as refused:
        await desk.admit(key)
    assert refused.value.retry_after_s == 1
    assert refused.value.maximum == 10
    assert refused.value.remaining == 0

    await asyncio.sleep(WINDOW_S + 0.02)

    assert (await desk.admit(key)).remaining == 9


async def test_a_refused_call_does_not_count(desk: Desk) -> None:
    _, key = await desk.caller()
    for _ in range(10):
        await desk.admit(key)
    for _ in range(5):
        with pytest.raises(RateExceededError):
            await desk.admit(key)
    await asyncio.sleep(WINDOW_S + 0.02)

    admitted = [await desk.admit(key) for _ in range(10)]

    assert [admission.remaining for admission in admitted] == list(range(9, -1, -1))


async def test_the_standing_tells_the_numbers_of_the_headers(desk: Desk) -> None:
    _, key = await desk.caller(PlanName.PRO)

    before = await moment(desk)
    admission = await desk.admit(key)
    after = await moment(desk)

    assert (admission.limit, admission.remaining) == (100, 99)
    assert admission.requests_remaining == 10_000
    assert before + WINDOW_S <= admission.reset_at < after + WINDOW_S + 1.001


async def test_an_unknown_key_is_refused(desk: Desk) -> None:
    with pytest.raises(UnknownKeyError):
        await desk.admit("0" * 64)


async def test_a_revoked_key_is_refused_at_the_next_call(desk: Desk) -> None:
    account, key = await desk.caller()
    await desk.admit(key)
    (issued,) = await desk.keys.list(account.id)

    await desk.keys.revoke(issued.id)

    with pytest.raises(UnknownKeyError):
        await desk.admit(key)


async def test_an_expired_key_is_refused_as_expired(desk: Desk) -> None:
    _, key = await desk.caller(expires_at=datetime.now(UTC) - timedelta(seconds=1))

    with pytest.raises(ExpiredKeyError):
        await desk.admit(key)


async def test_a_suspended_account_is_refused_until_it_is_resumed(desk: Desk) -> None:
    account, key = await desk.caller()
    await desk.accounts.set_status(account.id, Status.SUSPENDED)
    with pytest.raises(SuspendedError):
        await desk.admit(key)

    await desk.accounts.set_status(account.email, Status.ACTIVE)

    assert (await desk.admit(key)).account_id == account.id


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("203.0.113.9", True),
        ("2001:db8::7", True),
        ("::ffff:203.0.113.9", True),
        ("203.0.114.1", False),
        ("::ffff:203.0.114.1", False),
        (None, False),
    ],
)
async def test_a_key_works_from_its_networks_only(
    desk: Desk, address: str | None, is_allowed: bool
) -> None:
    _, key = await desk.caller(allow=["203.0.113.0/24", "2001:db8::/32"])

    if is_allowed:
        assert (await desk.admit(key, address=address)).limit == 10
    else:
        with pytest.raises(AddressRefusedError):
            await desk.admit(key, address=address)


async def test_a_network_that_is_none_is_refused_when_the_key_is_issued(desk: Desk) -> None:
    with pytest.raises(AccountsError, match=r"'office' is no network"):
        await desk.caller(allow=["office"])


async def test_country_on_a_plan_without_it_counts_to_the_rate_and_costs_nothing(
    desk: Desk,
) -> None:
    _, key = await desk.caller(PlanName.BASIC)

    with pytest.raises(CountryNotAvailableError) as refused:
        await desk.admit(key, cost=1, needs_country=True)

    assert (refused.value.plan, refused.value.remaining) == (PlanName.BASIC, 29)
    assert refused.value.requests_remaining == 1000


async def test_a_hit_is_charged_at_once_with_its_usage_event(desk: Desk) -> None:
    _, key = await desk.caller()
    await desk.redis.hset(VIDEO, mapping={"plain": "{}", "video_url": "https://example.com/v"})

    admission = await desk.admit(key, cost=1, cache_key=VIDEO, cache_fields=FIELDS)

    assert admission.is_charged
    assert admission.cached == [b"{}", b"https://example.com/v", None]
    assert admission.requests_remaining == 49
    event = await only_event(desk)
    assert (event.status, event.charged, event.cached) == (200, 1, 1)
    assert event.video_id == "7106594312292453675"


async def test_an_absence_in_the_cache_is_charged_as_404(desk: Desk) -> None:
    _, key = await desk.caller()
    await desk.redis.hset(VIDEO, mapping={"reason": "video_deleted"})

    admission = await desk.admit(key, cost=1, cache_key=VIDEO, cache_fields=FIELDS)

    assert admission.is_charged
    event = await only_event(desk)
    assert event.status == 404


@pytest.mark.parametrize(
    ("max_age", "is_hit"), [(None, True), (0, False), (50, False), (150, True)], ids=str
)
@pytest.mark.parametrize("fields", [{"plain": "{}", "video_url": "x"}, {"reason": "not_found"}])
async def test_a_hit_is_as_young_as_the_caller_asks(
    desk: Desk, max_age: int | None, is_hit: bool, fields: dict[str, str]
) -> None:
    _, key = await desk.caller()
    observed_at = str(int(await moment(desk)) - 100)
    await desk.redis.hset(VIDEO, "observed_at", observed_at)
    for name, value in fields.items():
        await desk.redis.hset(VIDEO, name, value)

    admission = await desk.admit(key, cost=1, cache_key=VIDEO, cache_fields=FIELDS, max_age=max_age)

    assert admission.is_charged is is_hit
    assert admission.requests_remaining == 49
    assert await desk.redis.xlen(STREAM) == int(is_hit)


async def test_an_entry_of_unknown_age_is_no_hit_for_who_asks_for_one(desk: Desk) -> None:
    _, key = await desk.caller()
    await desk.redis.hset(VIDEO, mapping={"reason": "video_deleted"})

    admission = await desk.admit(key, cost=1, cache_key=VIDEO, cache_fields=FIELDS, max_age=99)

    assert not admission.is_charged


async def test_half_an_entry_is_no_hit(desk: Desk) -> None:
    _, key = await desk.caller()
    await desk.redis.hset(VIDEO, mapping={"video_url": "https://example.com/v"})

    admission = await desk.admit(key, cost=1, cache_key=VIDEO, cache_fields=FIELDS)

    assert not admission.is_charged


async def test_a_settled_call_is_charged_once_however_often_it_is_settled(desk: Desk) -> None:
    _, key = await desk.caller()
    admission = await desk.admit(key, cost=1, request_id="req_a")

    left = [await desk.settle(admission, "req_a") for _ in range(3)]

    assert left == [49, 49, 49]
    assert await desk.redis.xlen(STREAM) == 1


async def test_a_failed_call_is_released_and_still_an_event(desk: Desk) -> None:
    _, key = await desk.caller()
    admission = await desk.admit(key, cost=1, request_id="req_a")
    assert admission.requests_remaining == 49

    assert await desk.settle(admission, "req_a", status=503) == 50

    event = await only_event(desk)
    assert (event.status, event.charged) == (503, 0)


async def test_a_reservation_that_is_never_settled_lapses(desk: Desk) -> None:
    _, key = await desk.caller()
    await desk.admit(key, cost=1)

    await asyncio.sleep(RESERVATION_S + 0.02)

    assert (await desk.admit(key)).requests_remaining == 50


async def test_what_is_settled_after_its_reservation_lapsed_is_charged_all_the_same(
    desk: Desk,
) -> None:
    account, key = await desk.caller()
    admission = await desk.admit(key, cost=1, request_id="req_slow")
    await desk.redis.delete(f"reserved:{account.id}")

    assert [await desk.settle(admission, "req_slow") for _ in range(2)] == [49, 49]

    assert (await only_event(desk)).charged == 1


async def test_a_settlement_knows_the_month_when_the_account_is_no_longer_cached(
    desk: Desk,
) -> None:
    account, key = await desk.caller()
    admission = await desk.admit(key, cost=1, request_id="req_a")
    await desk.redis.delete(f"account:{account.id}")

    assert await desk.settle(admission, "req_a") == 49


async def test_sixty_four_at_once_never_spend_more_than_the_month(desk: Desk) -> None:
    account, key = await desk.caller(PlanName.BUSINESS)
    await desk.admit(key)
    await desk.redis.hset(f"account:{account.id}", "month", "20")

    async def call(number: int) -> int:
        try:
            admission = await desk.admit(key, cost=1, request_id=f"req_{number}x")
        except MonthSpentError:
            return 0
        await desk.settle(admission, f"req_{number}x")
        return 1

    charged = await asyncio.gather(*(call(number) for number in range(64)))

    assert sum(charged) == 20
    assert await desk.redis.hget(f"month:{account.id}", "charged") == "20"


async def test_a_spent_month_says_when_the_next_begins(desk: Desk) -> None:
    account, key = await desk.caller()
    await desk.admit(key)
    await desk.redis.hset(f"month:{account.id}", "charged", "50")

    with pytest.raises(MonthSpentError) as refused:
        await desk.admit(key, cost=1)

    assert refused.value.maximum == 50
    assert refused.value.period_end > datetime.now(UTC).timestamp()
    assert (await desk.admit(key, cost=0)).requests_remaining == 0


async def test_a_change_of_plan_counts_from_the_next_call(desk: Desk) -> None:
    account, key = await desk.caller()
    await desk.admit(key)

    await desk.accounts.set_plan(account.id, PlanName.PRO)

    admission = await desk.admit(key)
    assert (admission.limit, admission.requests_remaining) == (100, 10_000)


@pytest.mark.hasty
async def test_without_redis_nobody_is_admitted_and_it_is_said_within_a_second(
    desk: Desk,
) -> None:
    _, key = await desk.caller()
    admission = await desk.admit(key, cost=1)

    async with Wire("redis://127.0.0.1:1", timeout_s=0.9) as nowhere:
        limits = desk.limits_over(nowhere)
        async with asyncio.timeout(1):
            with pytest.raises(LimitsUnavailableError):
                await limits.admit(key_digest=key, request_id="req_z", cost=1)
        desk.limits = limits
        async with asyncio.timeout(1):
            with pytest.raises(LimitsUnavailableError):
                await desk.settle(admission, "req_z")


@pytest.mark.hasty
async def test_without_mongodb_only_cached_keys_are_admitted(desk: Desk, wire: Wire) -> None:
    _, cached = await desk.caller()
    _, unseen = await desk.caller()
    await desk.admit(cached)
    async with mongodb.connect("mongodb://127.0.0.1:1") as gone:
        limits = desk.limits_over(wire, keys=Keys(mongodb.database(gone, "mongodb://127.0.0.1:1")))

        admission = await limits.admit(key_digest=cached, request_id="req_y", cost=0)
        async with asyncio.timeout(1):
            with pytest.raises(LimitsUnavailableError):
                await limits.admit(key_digest=unseen, request_id="req_z", cost=0)

    assert admission.limit == 10


async def test_an_admission_asks_mongodb_only_once(desk: Desk) -> None:
    _, key = await desk.caller()
    await desk.admit(key)
    await desk.database.client.drop_database(desk.database.name)

    assert isinstance(await desk.admit(key), Admission)
