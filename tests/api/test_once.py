from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from accounts.accounts import Status
from accounts.once import KEPT_S
from api.app import build_app
from crawler.errors import Reason
from crawler.jobs.records import Outcome
from settings.plans import PlanName
from tests.api.conftest import EXTRACT, LINK, VIDEO_ID, a_video, put, serving, until

if TYPE_CHECKING:
    from crawler.jobs.records import Job
    from settings.env import Environment
    from tests.api.conftest import Answer, Api, Callers, Worker

ZSTD = r"(\xb5/\xfd"
"""What all that zstandard has compressed begins with, as Python writes it."""
OTHER = LINK.replace(VIDEO_ID, "7106594312292453676")


async def extract(api: Api, key: str | None, once: str = "first", url: str = LINK) -> Answer:
    return await api.call(
        "POST", EXTRACT, key=key, json={"url": url}, headers={"Idempotency-Key": once}
    )


async def charged(api: Api, key: str) -> int:
    answer = await api.call("GET", "/api/v1/user/me", key=key)
    return int(answer.body["requests_used"])


def remaining(answer: Answer) -> int:
    return int(answer.headers["X-RateLimit-Remaining"])


async def records(redis: Redis) -> list[str]:
    return [str(name) async for name in redis.scan_iter("once:*")]


async def test_the_same_request_is_answered_as_before_and_charged_once(
    api: Api, key: str, redis_client: Redis
) -> None:
    await put(redis_client, a_video())
    first = await extract(api, key)
    again = await extract(api, key)

    assert (first.status, again.status) == (200, 200)
    assert again.body == first.body
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    assert await charged(api, key) == 1


async def test_each_request_counts_once_towards_the_rate(
    api: Api, key: str, redis_client: Redis
) -> None:
    await put(redis_client, a_video())
    answers = [
        await extract(api, key),
        await extract(api, key),
        await extract(api, key, "second"),
        await api.extract(key),
    ]

    assert [remaining(answer) for answer in answers] == [499, 498, 497, 496]


async def test_sixteen_at_once_are_charged_once(api: Api, worker: Worker, callers: Callers) -> None:
    _, key = await callers.make(PlanName.PRO)
    worker.delay_s = 0.2
    answers = await asyncio.gather(*(extract(api, key) for _ in range(16)))
    again = await extract(api, key)

    done = [answer for answer in answers if answer.status == 200]
    waiting = [answer for answer in answers if answer.status == 409]
    assert (len(done), len(waiting)) == (1, 15)
    assert {answer.body["error"] for answer in waiting} == {"Request in progress"}
    assert {answer.headers["Retry-After"] for answer in waiting} == {"1"}
    assert again.body == done[0].body
    assert remaining(again) == 100 - 17
    assert await charged(api, key) == 1


async def test_a_key_belongs_to_one_request(api: Api, key: str, redis_client: Redis) -> None:
    await put(redis_client, a_video())
    await extract(api, key)
    other = await extract(api, key, url=OTHER)

    assert other.status == 422
    assert other.body["error"] == "Idempotency key reused"
    assert remaining(other) == 498
    assert await charged(api, key) == 1


async def test_keys_belong_to_the_account_not_to_its_api_key(
    api: Api, callers: Callers, redis_client: Redis
) -> None:
    await put(redis_client, a_video())
    account, key = await callers.make(PlanName.PRO)
    _, second = await callers.keys.issue(account.id)
    _, stranger = await callers.make(PlanName.PRO)
    await extract(api, key)
    ours = await extract(api, second)
    theirs = await extract(api, stranger)

    assert ours.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in theirs.headers
    assert await charged(api, stranger) == 1


async def test_an_absence_is_kept_like_any_answer_that_is_charged(
    api: Api, key: str, worker: Worker
) -> None:
    worker.outcome = absent
    first = await extract(api, key)
    again = await extract(api, key)

    assert (first.status, again.status) == (404, 404)
    assert again.body == first.body
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(worker.crawled) == 1
    assert await charged(api, key) == 1


async def absent(job: Job) -> Outcome:
    return Outcome(key=job.target.key, reason=Reason.VIDEO_DELETED)


async def test_what_was_not_charged_is_done_again(
    environment: Environment, callers: Callers, redis_client: Redis
) -> None:
    _, key = await callers.make(PlanName.PRO)
    async with serving(environment.model_copy(update={"extract_timeout_s": 0.1})) as api:
        late = await extract(api, key)
        await put(redis_client, a_video())
        found = await extract(api, key)

    assert late.status == 503
    assert found.status == 200
    assert "Idempotent-Replayed" not in found.headers


@pytest.mark.parametrize("wrong", ["{", '{"url": 5}', '{"url": "https://example.com/"}', "{}"])
async def test_a_wrong_request_takes_no_key(
    api: Api, key: str, redis_client: Redis, wrong: str
) -> None:
    await put(redis_client, a_video())
    refused = await api.call(
        "POST", EXTRACT, key=key, data=wrong, headers={"Idempotency-Key": "first"}
    )
    right = await extract(api, key)

    assert (refused.status, right.status) == (400, 200)
    assert [remaining(refused), remaining(right)] == [499, 498]


@pytest.mark.parametrize("once", ["", "x" * 256, "smörgås", "a\tb"])
async def test_a_key_that_cannot_be_one_is_refused(api: Api, key: str, once: str) -> None:
    answer = await extract(api, key, once)

    assert answer.status == 400
    assert answer.body["error"] == "Invalid parameter"
    assert "Idempotency-Key" in answer.body["detail"]
    assert answer.body["requests_remaining"] == 100_000
    assert remaining(answer) == 499


async def test_two_keys_are_none(api: Api, key: str) -> None:
    headers = [("X-API-Key", key), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    async with api.session.post(api.url + EXTRACT, json={"url": LINK}, headers=headers) as answer:
        assert answer.status == 400


async def test_the_longest_key_and_one_in_quotes_are_taken(
    api: Api, key: str, redis_client: Redis
) -> None:
    await put(redis_client, a_video())
    for once in ("x" * 255, '"8e03978e-40d5-43e8-bc93-6894a57f9324"', "a b"):
        await extract(api, key, once)
        assert (await extract(api, key, once)).headers["Idempotent-Replayed"] == "true"


async def test_nothing_is_looked_up_for_a_key_that_is_not_valid(
    api: Api, callers: Callers, redis_client: Redis
) -> None:
    await put(redis_client, a_video())
    account, key = await callers.make(PlanName.PRO)
    await extract(api, key)
    await callers.accounts.set_status(account.id, Status.SUSPENDED)
    suspended = await extract(api, key)
    unknown = await extract(api, "tk_unknown")
    missing = await extract(api, None)

    assert [answer.status for answer in (suspended, unknown, missing)] == [403, 401, 401]
    assert len(await records(redis_client)) == 1


async def test_an_answer_is_replayed_though_the_month_is_spent(
    api: Api, callers: Callers, redis_client: Redis
) -> None:
    await put(redis_client, a_video())
    account, key = await callers.make(PlanName.FREE)
    await extract(api, key)
    await redis_client.hset(f"month:{account.id}", "charged", "50")
    again = await extract(api, key)
    other = await extract(api, key, "second")

    assert (again.status, other.status) == (200, 429)
    assert len(await records(redis_client)) == 1


async def test_over_the_rate_nothing_is_replayed(
    api: Api, callers: Callers, redis_client: Redis
) -> None:
    await put(redis_client, a_video())
    _, key = await callers.make(PlanName.FREE)
    answers = [await extract(api, key) for _ in range(11)]

    assert [answer.status for answer in answers] == [200] * 10 + [429]


async def test_what_is_kept_cannot_be_read_in_redis_and_ends_after_a_day(
    api: Api, key: str, redis_client: Redis, redis_url: str
) -> None:
    await put(redis_client, a_video())
    await extract(api, key, "not-to-be-seen")
    (name,) = await records(redis_client)
    async with Redis.from_url(redis_url) as bare:
        kept = repr((name, await bare.hgetall(name)))

    assert KEPT_S - 60 < await redis_client.ttl(name) <= KEPT_S
    assert not [part for part in ("not-to-be-seen", VIDEO_ID, ZSTD) if part in kept]


async def test_with_another_secret_nothing_kept_is_found(
    api: Api, environment: Environment, key: str, redis_client: Redis
) -> None:
    await put(redis_client, a_video())
    await extract(api, key)
    changed = environment.model_copy(update={"secret_key": "another secret of tests, long enough"})
    async with serving(changed) as other:
        answer = await extract(other, key)

    assert answer.status == 200
    assert "Idempotent-Replayed" not in answer.headers


async def test_an_answer_that_is_too_large_is_not_kept(
    api: Api, key: str, redis_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.once.MOST_BYTES", 100)
    await put(redis_client, a_video())
    answers = [await extract(api, key) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    assert await records(redis_client) == []
    assert await charged(api, key) == 2


async def test_the_claim_of_a_process_that_died_lapses(
    environment: Environment, callers: Callers, worker: Worker, redis_client: Redis
) -> None:
    """A handler that is cut off leaves its claim, as a killed process does."""
    _, key = await callers.make(PlanName.PRO)
    worker.delay_s = 0.3
    async with serving(environment) as api:
        lost = asyncio.create_task(extract(api, key))
        await worker.is_crawling.wait()
        (name,) = await records(redis_client)
        left_ms = await redis_client.pttl(name)
        during = await extract(api, key)
        await redis_client.pexpire(name, 1)
        await until(lambda: gone(redis_client, name))
        after = await extract(api, key)
        assert (await lost).status == 200
        again = await extract(api, key)

    assert during.status == 409
    assert environment.extract_timeout_s * 1000 < left_ms <= 10_000
    assert after.status == 200
    assert "Idempotent-Replayed" not in after.headers
    assert again.body == after.body  # the one that came late has overwritten nothing


async def gone(redis: Redis, name: str) -> bool:
    return not await redis.exists(name)


@pytest.mark.hasty
async def test_without_redis_it_is_unavailable(api: Api, key: str, redis_client: Redis) -> None:
    await put(redis_client, a_video())
    await extract(api, key)
    await redis_client.client_pause(1500)
    answer = await extract(api, key)

    assert (answer.status, answer.body["reason"]) == (503, "storage_unavailable")


async def test_the_header_means_nothing_where_nothing_is_done(api: Api, key: str) -> None:
    headers = {"Idempotency-Key": "first"}
    answers = [await api.call("GET", "/api/v1/user/me", key=key, headers=headers) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    assert all("Idempotent-Replayed" not in answer.headers for answer in answers)


def test_every_post_behind_the_gate_is_described_with_the_header(environment: Environment) -> None:
    paths = build_app(environment)["swagger_dict"]["paths"]
    posts = [path["post"] for path in paths.values() if "post" in path]

    assert posts
    for post in posts:
        if post["security"] == [{"ApiKey": []}]:
            assert "Idempotency-Key" in {one["name"] for one in post["parameters"]}
            assert {"400", "409", "422"} <= set(post["responses"])
            good = [one for status, one in post["responses"].items() if status.startswith("2")]
            assert good
            assert all("Idempotent-Replayed" in one["headers"] for one in good)


async def test_a_batch_is_charged_once(api: Api, key: str, redis_client: Redis) -> None:
    urls = [LINK, OTHER]
    for url in urls:
        await put(redis_client, a_video(url.rpartition("/")[2]))
    answers = [
        await api.call(
            "POST",
            f"{EXTRACT}/batch",
            key=key,
            json={"urls": urls},
            headers={"Idempotency-Key": "first"},
        )
        for _ in range(2)
    ]

    assert answers[0].status == 200
    assert answers[1].body == answers[0].body
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert [remaining(answer) for answer in answers] == [498, 497]
    assert await charged(api, key) == 2
