"""Every case of the contract's tables, word for word."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from time import time
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from accounts.accounts import Status
from settings.plans import PlanName
from tests.api.conftest import EXTRACT, LINK, Api, Callers, a_video, put, serving

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from settings.env import Environment

FORM = "https://www.tiktok.com/@username/video/id"


def refused(error: str, detail: str, **more: Any) -> dict[str, Any]:
    return {"success": False, "error": error, "detail": detail, **more}


async def test_a_missing_key_is_refused_before_anything_else(api: Api) -> None:
    answer = await api.call("POST", EXTRACT, data=b"{nonsense")

    assert answer.status == 401
    assert answer.body == refused("Unauthorized", "The X-API-Key header is missing")
    assert "X-RateLimit-Limit" not in answer.headers


async def test_an_unknown_key_is_refused(api: Api) -> None:
    answer = await api.extract("tk_nobody_was_ever_given_this_one")

    assert answer.status == 401
    assert answer.body == refused("Invalid API Key", "The API key provided is invalid or expired")
    assert "X-RateLimit-Limit" not in answer.headers


async def test_a_revoked_key_is_refused_at_once(api: Api, callers: Callers) -> None:
    account, key = await callers.make(PlanName.PRO)
    assert (await api.extract(key, "x")).status == 400
    await callers.keys.revoke((await callers.keys.list(account.id))[0].id)

    answer = await api.extract(key)

    assert (answer.status, answer.body["error"]) == (401, "Invalid API Key")


async def test_an_expired_key_is_refused(api: Api, callers: Callers) -> None:
    expires_at = datetime.now(UTC) - timedelta(seconds=5)
    _, key = await callers.make(PlanName.PRO, expires_at=expires_at)

    answer = await api.extract(key)

    assert answer.status == 401
    assert answer.body == refused("Expired API key", "The API key provided has expired")


async def test_a_suspended_account_is_refused(api: Api, callers: Callers) -> None:
    account, key = await callers.make(PlanName.PRO)
    await callers.accounts.set_status(account.id, Status.SUSPENDED)

    answer = await api.extract(key)

    assert answer.status == 403
    assert answer.body == refused("Account suspended", "The account of this API key is suspended")
    assert answer.headers["X-RateLimit-Limit"] == "100"


async def test_another_address_than_the_keys_is_refused(api: Api, callers: Callers) -> None:
    _, key = await callers.make(PlanName.PRO, allow=["203.0.113.0/24"])

    answer = await api.extract(key)

    assert answer.status == 403
    assert answer.body == refused(
        "Forbidden", "The API key does not allow requests from this address"
    )


async def test_an_address_is_believed_from_a_trusted_proxy_only(
    api: Api, environment: Environment, callers: Callers
) -> None:
    _, key = await callers.make(PlanName.PRO, allow=["203.0.113.0/24"])
    forwarded: dict[str, Any] = {
        "headers": {"X-Forwarded-For": "203.0.113.7"},
        "json": {"url": "x"},
    }
    trusting = Environment_of(environment, trusted_proxies="127.0.0.1/32")

    from_anybody = await api.call("POST", EXTRACT, key=key, **forwarded)
    async with serving(trusting) as behind_proxy:
        from_proxy = await behind_proxy.call("POST", EXTRACT, key=key, **forwarded)

    assert (from_anybody.status, from_proxy.status) == (403, 400)


def Environment_of(environment: Environment, **changes: Any) -> Environment:
    return type(environment)(**{**environment.model_dump(exclude_unset=True), **changes})


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hello",
        "https://example.com/@a/video/1",
        "https://eviltiktok.com/@a/video/1",
        "https://www.tiktok.com.attacker.net/@a/video/1",
        "https://www.tiktok.com/@a/video/abc",
        "x" * 5000,
    ],
)
async def test_what_is_no_tiktok_link_is_refused(api: Api, key: str, url: str) -> None:
    answer = await api.extract(key, url)

    assert answer.status == 400
    assert answer.body == refused(
        "Invalid TikTok URL",
        f"Expected a link to a TikTok video such as {FORM}",
        requests_remaining=100_000,
    )
    assert answer.headers["X-RateLimit-Remaining"] == "499"


@pytest.mark.parametrize(
    "url",
    [
        "https://www.tiktok.com/@someone",
        "https://www.tiktok.com/tag/fyp",
        "https://www.tiktok.com/@someone/live",
        "https://www.douyin.com/video/7106594312292453675",
    ],
)
async def test_a_link_to_something_else_is_refused_with_its_reason(
    api: Api, key: str, url: str
) -> None:
    answer = await api.extract(key, url)

    assert (answer.status, answer.body["error"]) == (400, "Invalid TikTok URL")
    assert FORM in answer.body["detail"]
    assert (answer.body["reason"], answer.body["retryable"]) == ("unsupported_url", False)
    assert answer.body["requests_remaining"] == 100_000


@pytest.mark.parametrize("body", [{}, {"extract_metadata": True}, None])
async def test_a_missing_url_is_named(api: Api, key: str, body: object) -> None:
    options: dict[str, Any] = {} if body is None else {"json": body}
    answer = await api.call("POST", EXTRACT, key=key, **options)

    assert answer.status == 400
    assert answer.body == refused(
        "Missing parameter", "The parameter 'url' is required", requests_remaining=100_000
    )


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"url": 5}, "The parameter 'url' must be a string"),
        ({"url": None}, "The parameter 'url' must be a string"),
        ({"url": [LINK]}, "The parameter 'url' must be a string"),
        (
            {"url": LINK, "extract_metadata": "yes"},
            "The parameter 'extract_metadata' must be true or false",
        ),
        (
            {"url": LINK, "extract_metadata": 1},
            "The parameter 'extract_metadata' must be true or false",
        ),
        (
            {"url": LINK, "extract_country": None},
            "The parameter 'extract_country' must be true or false",
        ),
        ([LINK], "The body must be a JSON object"),
        ("text", "The body must be a JSON object"),
        (None, "The body must be a JSON object"),
    ],
)
async def test_a_parameter_of_the_wrong_type_is_named(
    api: Api, key: str, body: object, detail: str
) -> None:
    answer = await api.call("POST", EXTRACT, key=key, data=orjson.dumps(body))

    assert answer.status == 400
    assert answer.body == refused("Invalid parameter", detail, requests_remaining=100_000)


@pytest.mark.parametrize(
    "data",
    [
        b"{nonsense",
        b'{"url": NaN}',
        b'{"url": "\xff\xfe"}',
        b'{"url": "\\ud800"}',
        b"[" * 50_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"url=https%3A%2F%2Fwww.tiktok.com",
        b"\x00",
    ],
)
async def test_a_body_that_is_no_json_is_refused(api: Api, key: str, data: bytes) -> None:
    answer = await api.call("POST", EXTRACT, key=key, data=data)

    assert answer.status == 400
    assert answer.body == refused(
        "Invalid parameter", "The body is not valid JSON", requests_remaining=100_000
    )


async def test_a_huge_number_does_no_harm(api: Api, key: str) -> None:
    answer = await api.call("POST", EXTRACT, key=key, data=b'{"url": 1' + b"0" * 5000 + b"}")

    assert (answer.status, answer.body["error"]) == (400, "Invalid parameter")


async def test_a_body_that_cannot_be_unpacked_is_refused(api: Api, key: str) -> None:
    answer = await api.call(
        "POST", EXTRACT, key=key, data=b"no gzip", headers={"Content-Encoding": "gzip"}
    )

    assert answer.status == 400
    assert answer.body["error"] in {"Invalid parameter", "Bad request"}


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "text/plain", "image/png"]
)
async def test_json_is_read_whatever_it_is_called(
    api: Api, key: str, redis_client: Redis, content_type: str
) -> None:
    await put(redis_client, a_video())

    answer = await api.call(
        "POST",
        EXTRACT,
        key=key,
        data=b'{"url": "%s", "more": 1}' % LINK.encode(),
        headers={"Content-Type": content_type},
    )

    assert answer.status == 200


async def test_a_body_that_is_too_large_is_refused(api: Api, key: str) -> None:
    answer = await api.call("POST", EXTRACT, key=key, data=b" " * 100_000)

    assert answer.status == 413
    assert answer.body == refused(
        "Payload too large",
        "The body is larger than any valid request",
        requests_remaining=100_000,
    )
    assert answer.headers["X-RateLimit-Limit"] == "500"


@pytest.mark.parametrize("plan", [PlanName.FREE, PlanName.BASIC])
async def test_country_is_not_available_on_small_plans(
    api: Api, callers: Callers, plan: PlanName
) -> None:
    _, key = await callers.make(plan)

    answer = await api.extract(key, extract_country=True)

    assert answer.status == 403
    assert answer.body == refused(
        "Country detection not available",
        "Country detection requires Pro or Business plan",
        current_plan=plan.value,
        upgrade_url="https://example.com/upgrade",
    )


async def test_a_deleted_video_is_answered_404(api: Api, key: str, redis_client: Redis) -> None:
    await redis_client.hset("video:7106594312292453675", mapping={"reason": "video_deleted"})

    answer = await api.extract(key)

    assert answer.status == 404
    assert answer.body == refused(
        "Video not found",
        "The video may have been deleted or is private",
        reason="video_deleted",
        retryable=False,
        requests_remaining=99_999,
    )


async def test_over_the_rate_a_caller_is_told_when_to_come_back(api: Api, callers: Callers) -> None:
    _, key = await callers.make(PlanName.FREE)
    wrong = [await api.extract(key, "wrong") for _ in range(10)]

    answer = await api.extract(key)

    assert [one.headers["X-RateLimit-Remaining"] for one in wrong] == [
        str(left) for left in range(9, -1, -1)
    ]
    assert answer.status == 429
    retry_after = answer.body.pop("retry_after")
    reset_at = datetime.fromisoformat(answer.body.pop("reset_at"))
    assert answer.body == refused(
        "Rate limit exceeded", "Maximum 10 requests per minute for Free plan"
    )
    assert answer.headers["Retry-After"] == str(retry_after)
    assert 0 < retry_after <= 60
    assert abs(reset_at.timestamp() - time() - retry_after) < 3
    assert answer.headers["X-RateLimit-Limit"] == "10"
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert int(answer.headers["X-RateLimit-Reset"]) == int(reset_at.timestamp())


async def test_over_the_rate_a_wrong_body_is_not_looked_at(api: Api, callers: Callers) -> None:
    _, key = await callers.make(PlanName.FREE)
    for _ in range(10):
        await api.extract(key, "wrong")

    answer = await api.call("POST", EXTRACT, key=key, data=b"{nonsense")

    assert answer.status == 429


async def test_a_spent_month_is_answered_with_its_end(
    api: Api, callers: Callers, redis_client: Redis
) -> None:
    account, key = await callers.make(PlanName.BASIC)
    await api.extract(key, "wrong")
    await redis_client.hset(f"month:{account.id}", "charged", "1000")

    answer = await api.extract(key)

    assert answer.status == 429
    retry_after = answer.body.pop("retry_after")
    reset_at = datetime.fromisoformat(answer.body.pop("reset_at"))
    assert answer.body == refused(
        "Monthly quota exceeded", "Maximum 1000 requests per month for Basic plan"
    )
    assert (reset_at.hour, reset_at.minute, reset_at.second) == (0, 0, 0)
    assert abs(reset_at.timestamp() - time() - retry_after) < 3
    assert answer.headers["Retry-After"] == str(retry_after)


@pytest.mark.hasty
@pytest.mark.parametrize("down", ["redis_url", "mongodb_uri"])
async def test_a_database_that_is_down_is_answered_503(
    environment: Environment, key: str, redis_client: Redis, down: str
) -> None:
    async with serving(environment) as api:
        await api.extract(key, "wrong")
    nowhere = {
        "redis_url": "redis://127.0.0.1:1",
        "mongodb_uri": "mongodb://127.0.0.1:1/tiktok?directConnection=true",
    }
    async with serving(environment.model_copy(update={down: nowhere[down]})) as api:
        answer = await api.extract(key)

    assert answer.status == 503
    assert answer.body == refused(
        "Service unavailable",
        "A database does not answer at the moment",
        reason="storage_unavailable",
        retryable=True,
    )
    assert int(answer.headers["Retry-After"]) > 0
    assert ("X-RateLimit-Limit" in answer.headers) == (down == "mongodb_uri")


@pytest.mark.hasty
async def test_a_cached_video_is_answered_while_mongodb_is_down(
    environment: Environment, key: str, redis_client: Redis
) -> None:
    async with serving(environment) as api:
        await api.extract(key, "wrong")
    await put(redis_client, a_video())
    nowhere = "mongodb://127.0.0.1:1/tiktok?directConnection=true"
    async with serving(environment.model_copy(update={"mongodb_uri": nowhere})) as api:
        answer = await api.extract(key)

    assert answer.status == 200


async def test_our_own_fault_is_answered_500_with_the_id_that_the_log_has(
    api: Api,
    key: str,
    redis_client: Redis,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await redis_client.hset("video:7106594312292453675", mapping={"reason": "no such reason"})

    answer = await api.extract(key)

    assert answer.status == 500
    request_id = answer.headers["X-Request-ID"]
    assert answer.body.pop("detail")
    assert answer.body == {
        "success": False,
        "error": "Internal server error",
        "request_id": request_id,
    }
    assert answer.headers["X-RateLimit-Limit"] == "500"
    assert any(record.exc_info for record in caplog.records)


async def test_an_unknown_path_is_answered_404(api: Api, key: str) -> None:
    answer = await api.call("GET", "/api/v1/nothing")

    assert answer.status == 404
    assert answer.body == refused("Endpoint not found", "There is nothing at this path")
    with_key = await api.call("GET", "/api/v1/nothing", key=key)
    assert with_key.headers["X-RateLimit-Remaining"] == "499"


@pytest.mark.parametrize(
    ("method", "path", "allow"), [("GET", EXTRACT, "POST"), ("POST", "/health", "GET,HEAD")]
)
async def test_another_method_is_answered_405(
    api: Api, key: str, method: str, path: str, allow: str
) -> None:
    answer = await api.call(method, path, key=key)

    assert answer.status == 405
    assert answer.headers["Allow"] == allow
    assert answer.body == refused(
        "Endpoint not found", "This path has another method; the Allow header names it"
    )


async def test_a_demand_that_cannot_be_met_is_answered_in_the_same_shape(
    api: Api, key: str
) -> None:
    answer = await api.call("POST", EXTRACT, key=key, data=b"{}", headers={"Expect": "tea"})

    assert answer.status == 417
    assert set(answer.body) == {"success", "error", "detail"}


async def test_request_ids_differ_and_are_on_every_answer(api: Api, key: str) -> None:
    many = await asyncio.gather(
        api.extract(key, "wrong"),
        api.extract(None),
        api.call("GET", "/nothing"),
        api.call("GET", "/health"),
        api.call("GET", "/openapi.json"),
        api.call("GET", "/docs"),
        api.call("GET", "/static/swagger/nothing.js"),
    )

    ids = {answer.headers["X-Request-ID"] for answer in many}
    assert len(ids) == len(many)
    assert all(request_id.startswith("req_") for request_id in ids)


async def test_every_endpoint_but_signed_links_wants_a_key(api: Api) -> None:
    for route in api.app.router.routes():
        path = route.resource.canonical if route.resource else ""
        is_link = path.startswith("/api/v1/video/{id}/")
        if path.startswith(("/api/", "/admin/")) and not is_link:
            answer = await api.call(route.method, re.sub(r"{\w+}", "7", path))
            assert answer.status == 401, path
            assert route.method == "HEAD" or answer.body["error"] == "Unauthorized", path


async def test_keys_never_reach_the_log(
    api: Api, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    await api.extract(key, "wrong")
    await api.extract(key + "x")
    await api.call("GET", f"/{key}?key={key}")
    await api.call("POST", EXTRACT, key=key, data=key.encode())

    assert "answered 400" in caplog.text
    assert key not in caplog.text
