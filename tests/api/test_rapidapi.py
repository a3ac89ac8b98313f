"""Calls that come through RapidAPI: its secret, its users, its subscriptions."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from accounts.accounts import Status
from accounts.keys import digest
from accounts.strangers import FAILURES_A_MINUTE
from accounts.usage import Drainer
from services.wire import Wire
from settings.env import SettingsError, read_environment
from settings.plans import PlanName
from tests.api.conftest import EXTRACT, LINK, a_video, put, serving
from tests.api.test_hardening import ask

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document
    from settings.env import Environment
    from tests.api.conftest import Answer, Api, Callers

NEW, OLD = "the-new-secret-of-the-proxy", "the-old-secret-of-the-proxy"
ME = "/api/v1/user/me"
PLAIN = {
    "success": False,
    "error": "Unauthorized",
    "detail": "The X-API-Key header is missing",
}


def through(
    user: str | None = "ann", subscription: str | None = "BASIC", secret: str | None = NEW
) -> dict[str, str]:
    """The headers of a call that RapidAPI passes on."""
    headers = {
        "X-RapidAPI-Proxy-Secret": secret,
        "X-RapidAPI-User": user,
        "X-RapidAPI-Subscription": subscription,
    }
    return {name: value for name, value in headers.items() if value is not None}


@pytest.fixture
def environment(environment: Environment) -> Environment:
    return environment.model_copy(
        update={"rapidapi_proxy_secret": (NEW, OLD), "rapidapi_custom_plan": "business"}
    )


async def extract(api: Api, *args: Any, **more: Any) -> Answer:
    return await api.call("POST", EXTRACT, headers=through(*args), json={"url": LINK, **more})


async def me(api: Api, *args: Any, **more: Any) -> Answer:
    return await api.call("GET", ME, headers=through(*args, **more))


async def test_a_subscription_gives_its_plan(api: Api) -> None:
    expected = {
        "BASIC": ("free", "10"),
        "PRO": ("basic", "30"),
        "ULTRA": ("pro", "100"),
        "MEGA": ("business", "500"),
        "CUSTOM": ("business", "500"),
        "GOLD": ("free", "10"),
        "mega": ("free", "10"),
        "": ("free", "10"),
        None: ("free", "10"),
    }

    answers = {word: await me(api, f"user{word}", word) for word in expected}

    assert {answer.status for answer in answers.values()} == {200}
    assert answers["PRO"].body["email"] == "rapidapi:userPRO"
    assert answers["PRO"].headers["X-RateLimit-Remaining"] == "29"
    assert {
        word: (answer.body["plan"], answer.headers["X-RateLimit-Limit"])
        for word, answer in answers.items()
    } == expected


@pytest.mark.parametrize("secret", [NEW, OLD])
async def test_both_secrets_work_while_two_are_given(api: Api, secret: str) -> None:
    assert (await me(api, secret=secret)).status == 200


async def test_a_secret_that_was_replaced_works_no_more(environment: Environment) -> None:
    later = environment.model_copy(update={"rapidapi_proxy_secret": (NEW,)})
    async with serving(later) as api:
        assert (await me(api, secret=OLD)).status == 401
        assert (await me(api, secret=NEW)).status == 200


async def test_nothing_is_believed_beside_a_forged_secret(
    api: Api, database: AsyncDatabase[Document]
) -> None:
    forged = ["", "no", NEW[:-1], NEW + "x", NEW.upper(), f"{NEW},{OLD}", "ü" * 50, "x" * 8000]

    answers = [await me(api, "mallory", "MEGA", secret=secret) for secret in forged]

    assert {(one.status, one.body["error"]) for one in answers} == {(401, "Unauthorized")}
    assert not any("X-RateLimit-Limit" in one.headers for one in answers)
    assert await database.accounts.count_documents({}) == 0


@pytest.mark.parametrize("secrets", [(), (NEW,)])
async def test_without_the_secret_the_other_headers_are_as_good_as_absent(
    environment: Environment, database: AsyncDatabase[Document], secrets: tuple[str, ...]
) -> None:
    changed = environment.model_copy(update={"rapidapi_proxy_secret": secrets})
    async with serving(changed) as api:
        answer = await me(api, "mallory", "MEGA", secret=None if secrets else "")

    assert (answer.status, answer.body) == (401, PLAIN)
    assert await database.accounts.count_documents({}) == 0


async def test_it_is_off_without_a_secret_in_the_settings(environment: Environment) -> None:
    async with serving(environment.model_copy(update={"rapidapi_proxy_secret": ()})) as api:
        for secret in (NEW, "", "x"):
            assert (await me(api, secret=secret)).body == PLAIN


async def test_a_user_who_cannot_have_an_account_is_refused(
    api: Api, database: AsyncDatabase[Document]
) -> None:
    users = [None, "", "a b", "a/b", "a:b", "a+b", "Åse", "a" * 101, '{"$gt": ""}', "a" * 8000]

    answers = [await me(api, user) for user in users]

    assert {(one.status, one.body["error"]) for one in answers} == {(401, "Unauthorized")}
    assert all("X-RapidAPI-User must be 1 to 100" in one.body["detail"] for one in answers)
    assert await database.accounts.count_documents({}) == 0
    assert (await me(api, "a" * 100)).status == 200


async def test_a_user_of_a_megabyte_is_refused(api: Api) -> None:
    answer = await me(api, "a" * 1_000_000)

    assert (answer.status, answer.body["success"]) == (431, False)


async def test_a_user_of_hostile_bytes_is_refused(api: Api) -> None:
    for line in (b"a\0b", b"\xff\xfe", b"a\rb", b"a\x7f"):
        answer = await ask(
            api,
            b"GET %b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            b"X-RapidAPI-Proxy-Secret: %b\r\nX-RapidAPI-User: %b\r\n\r\n"
            % (ME.encode(), NEW.encode(), line),
        )
        head, _, body = answer.partition(b"\r\n\r\n")

        assert head.split()[1] in {b"400", b"401"}
        assert orjson.loads(body)["success"] is False


async def test_a_header_that_is_there_twice_is_refused(api: Api) -> None:
    for header, value in through().items():
        twice = [*through().items(), (header, value)]
        async with api.session.get(api.url + ME, headers=twice) as response:
            assert response.status == 401
            assert header in (await response.json())["detail"]


async def test_a_key_goes_before_what_rapidapi_says(api: Api, key: str) -> None:
    answer = await api.call("GET", ME, key=key, headers=through("ann", "BASIC"))
    forged = await api.call("GET", ME, key=key, headers=through("ann", "BASIC", "forged"))
    wrong = await api.call("GET", ME, key="tk_wrong", headers=through("ann", "BASIC"))

    assert (answer.body["plan"], forged.body["plan"]) == ("business", "business")
    assert (wrong.status, wrong.body["error"]) == (401, "Invalid API Key")


async def test_a_subscriber_is_never_taken_for_a_key(api: Api, redis_client: Redis) -> None:
    assert (await me(api, "ann", "PRO")).status == 200
    (record,) = [name async for name in redis_client.scan_iter("key:*")]

    answer = await api.call("GET", ME, key=record.removeprefix("key:"))

    assert (answer.status, answer.body["error"]) == (401, "Invalid API Key")
    assert digest(record.removeprefix("key:")) not in record


@pytest.mark.parametrize("subscriptions", [("BASIC", "ULTRA"), ("MEGA", "PRO")])
async def test_a_changed_subscription_changes_the_plan_from_that_call_on(
    api: Api, subscriptions: tuple[str, str]
) -> None:
    plans = []
    for subscription in (*subscriptions, *subscriptions):
        plans += [(await me(api, "ann", subscription)).body["plan"] for _ in range(2)]

    names = {"BASIC": "free", "PRO": "basic", "ULTRA": "pro", "MEGA": "business"}
    first, second = (names[subscription] for subscription in subscriptions)
    assert plans == [first, first, second, second] * 2


async def test_a_changed_subscription_is_seen_by_every_process_at_once(
    environment: Environment,
) -> None:
    async with serving(environment) as one, serving(environment) as other:
        for subscription, limit in (("BASIC", "10"), ("MEGA", "500"), ("BASIC", "10")):
            for api in (one, other):
                answer = await me(api, "ann", subscription)
                assert answer.headers["X-RateLimit-Limit"] == limit


async def test_a_plan_set_by_hand_holds_until_the_subscription_changes(
    api: Api, callers: Callers
) -> None:
    assert (await me(api, "ann", "BASIC")).body["plan"] == "free"
    await callers.accounts.set_plan("rapidapi:ann", PlanName.PRO)

    plans = [(await me(api, "ann", word)).body["plan"] for word in ("BASIC", "BASIC", "PRO")]

    assert plans == ["pro", "pro", "basic"]


async def test_first_calls_all_at_once_make_one_account(
    environment: Environment, database: AsyncDatabase[Document], redis_client: Redis
) -> None:
    await put(redis_client, a_video())
    async with AsyncExitStack() as stack:
        apis = [await stack.enter_async_context(serving(environment)) for _ in range(3)]
        answers = await asyncio.gather(
            *(extract(apis[number % 3], "ann", "MEGA") for number in range(75))
        )

    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["requests_remaining"] for answer in answers}) == 75
    assert await database.accounts.distinct("_id") == ["rapidapi:ann"]


async def test_new_users_are_no_strangers(api: Api, redis_client: Redis) -> None:
    await me(api)
    await redis_client.set("strangers:127.0.0.1", FAILURES_A_MINUTE, ex=60)

    answers = [await me(api, f"user{number}@x") for number in range(3)]

    assert {answer.status for answer in answers} == {200}


async def test_a_subscription_that_goes_to_and_fro_fails_no_call(
    environment: Environment, redis_client: Redis
) -> None:
    await put(redis_client, a_video())
    async with serving(environment) as one, serving(environment) as other:
        answers = await asyncio.gather(
            *(
                extract((one, other)[number % 2], "ann", ("ULTRA", "MEGA")[number // 2 % 2])
                for number in range(80)
            )
        )

    assert {answer.status for answer in answers} == {200}


async def test_rate_and_month_hold(api: Api, redis_client: Redis) -> None:
    await put(redis_client, a_video())
    first = await extract(api)
    await redis_client.hset("month:rapidapi:ann", "charged", "50")
    spent = await extract(api)
    for _ in range(9):
        await me(api)
    over = await me(api)
    other = await me(api, "bob")

    assert (first.status, first.body["requests_remaining"]) == (200, 49)
    assert (spent.status, spent.body["error"]) == (429, "Monthly quota exceeded")
    assert over.body["detail"] == "Maximum 10 requests per minute for Free plan"
    assert (over.status, other.status) == (429, 200)


async def test_what_is_used_is_counted_and_reported(
    api: Api, redis_client: Redis, database: AsyncDatabase[Document]
) -> None:
    await put(redis_client, a_video())
    for subscription in ("BASIC", "PRO"):
        answer = await extract(api, "ann", subscription)
        assert answer.status == 200
    await Drainer(redis_client, database).drain()

    usage = await api.call("GET", "/api/v1/user/usage", headers=through("ann", "PRO"))
    account = await me(api, "ann", "PRO")

    assert (usage.body["total_requests"], usage.body["successful_requests"]) == (2, 2)
    assert (account.body["requests_used"], account.body["requests_remaining"]) == (2, 998)


async def test_the_signed_link_of_a_subscriber_is_its_accounts(
    environment: Environment, redis_client: Redis
) -> None:
    await put(redis_client, a_video())
    hasty = environment.model_copy(update={"extract_timeout_s": 0.2})
    async with serving(hasty) as api:
        for user in ("ann", "ann.b~c-d_e@f"):
            answer = await extract(api, user)
            path = answer.body["video_url"].partition("/api/")[2]
            assert (await api.call("GET", f"/api/{path}0")).status == 403
            assert (await api.call("GET", f"/api/{path}")).status != 403


async def test_a_suspended_subscriber_is_refused_whatever_it_subscribes(
    api: Api, callers: Callers
) -> None:
    await me(api)
    await callers.accounts.set_status("rapidapi:ann", Status.SUSPENDED)

    answers = [await me(api, "ann", word) for word in ("BASIC", "MEGA")]

    assert [answer.status for answer in answers] == [403, 403]
    assert answers[1].body["error"] == "Account suspended"
    assert answers[1].headers["X-RateLimit-Limit"] == "500"


async def test_a_wrong_request_is_named_and_counted(api: Api) -> None:
    nonsense = await api.call("POST", EXTRACT, data=b"{", headers=through())
    country = await extract(api, extract_country=True)
    nowhere = await api.call("GET", "/api/v1/nothing", headers=through())
    forged = await api.call("GET", "/api/v1/nothing", headers=through(secret="forged"))

    assert (nonsense.status, nonsense.body["requests_remaining"]) == (400, 50)
    assert (country.status, country.body["current_plan"]) == (403, "free")
    assert (nowhere.status, nowhere.headers["X-RateLimit-Remaining"]) == (404, "7")
    assert (forged.status, "X-RateLimit-Remaining" in forged.headers) == (404, False)


async def test_guesses_are_limited_by_address_and_shut_nobody_out(api: Api) -> None:
    assert (await me(api)).status == 200
    guesses = [
        (await me(api, secret=f"guess{number}")).status for number in range(FAILURES_A_MINUTE + 3)
    ]
    refused = await me(api, secret="one more")

    assert guesses == [401] * FAILURES_A_MINUTE + [429] * 3
    assert int(refused.headers["Retry-After"]) > 0
    assert (await me(api)).status == 200
    async with serving(api.environment) as other:
        assert (await me(other)).status == 200


async def test_past_its_guesses_an_address_cannot_find_the_secret(api: Api) -> None:
    for number in range(FAILURES_A_MINUTE):
        await me(api, secret=f"guess{number}")

    assert (await me(api)).status == 429


async def test_an_unknown_subscription_is_warned_of_once(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    for user in ("ann", "bob"):
        for subscription in ("GOLD", "SILVER", "PRO", "GOLD"):
            await me(api, user, subscription)

    warnings = [one.getMessage() for one in caplog.records if "subscription" in one.getMessage()]
    assert sorted(warnings) == [
        f"RapidAPI's subscription '{word}' is not known: its users are on free"
        for word in ("GOLD", "SILVER")
    ]


async def test_a_steady_call_is_one_round_trip_to_redis_and_none_to_mongodb(
    api: Api,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await put(redis_client, a_video())
    await extract(api)
    await database.client.drop_database(database.name)
    sent: list[Any] = []
    run = Wire.run

    async def counted(wire: Wire, *arguments: Any) -> Any:
        sent.append(arguments)
        return await run(wire, *arguments)

    monkeypatch.setattr(Wire, "run", counted)
    before = (await redis_client.info("commandstats"))["cmdstat_evalsha"]["calls"]
    answer = await extract(api)
    after = (await redis_client.info("commandstats"))["cmdstat_evalsha"]["calls"]

    assert (answer.status, answer.body["cached"]) == (200, True)
    assert (len(sent), after - before) == (1, 1)


@pytest.mark.hasty
@pytest.mark.parametrize("down", ["redis_url", "mongodb_uri"])
async def test_a_database_that_is_down_is_answered_503(
    environment: Environment, redis_client: Redis, down: str
) -> None:
    nowhere = {
        "redis_url": "redis://127.0.0.1:1",
        "mongodb_uri": "mongodb://127.0.0.1:1/tiktok?directConnection=true",
    }
    async with serving(environment.model_copy(update={down: nowhere[down]})) as api:
        answer = await me(api)

    assert (answer.status, answer.body["reason"]) == (503, "storage_unavailable")


def test_three_secrets_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPIDAPI_PROXY_SECRET", "first-one, second-one, third-one")

    with pytest.raises(
        SettingsError, match=r"RAPIDAPI_PROXY_SECRET: .*the new and the old"
    ) as told:
        read_environment()
    assert "first-one" not in str(told.value)


def test_two_secrets_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPIDAPI_PROXY_SECRET", " new , old ")

    assert read_environment().rapidapi_proxy_secret == ("new", "old")
