from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from accounts.accounts import Status
from accounts.folding import Event
from accounts.usage import STREAM
from api import batch
from crawler.errors import Reason
from crawler.jobs import answers
from crawler.jobs.records import Outcome
from services.scripts import call_all
from settings.plans import PlanName
from tests.api.conftest import LINK, VIDEO_ID, a_video, put, serving

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from crawler.jobs.records import Job
    from settings.env import Environment
    from tests.api.conftest import Answer, Api, Callers, Worker

BATCH = "/api/v1/video/extract/batch"
FIRST = 7_300_000_000_000_000_000
MUST_BE = "The parameter 'urls' must be a list of 1 to 100 links, each a string"


def link(number: int) -> str:
    return f"https://www.tiktok.com/@someone/video/{FIRST + number}"


def links(count: int) -> list[str]:
    return [link(number) for number in range(count)]


async def ask(api: Api, key: str | None, urls: Any, **more: Any) -> Answer:
    return await api.call("POST", BATCH, key=key, json={"urls": urls, **more})


def statuses(answer: Answer) -> list[int]:
    return [outcome["status"] for outcome in answer.body["outcomes"]]


async def events(redis: Redis) -> list[Event]:
    entries: Any = await redis.xrange(STREAM)
    return [Event.read(fields["event"]) for _, fields in entries]


async def test_each_link_has_the_outcome_it_would_have_had_alone(
    api: Api, key: str, worker: Worker, redis_client: Redis
) -> None:
    await put(redis_client, a_video())
    gone = answers.Entry(
        video_id=str(FIRST), fields={"reason": "video_deleted", "observed_at": "1"}, ttl_s=60
    )
    await call_all(redis_client, [answers.put(gone)])
    wrong = ["https://example.com/", "https://www.tiktok.com/@someone", "", "x" * 5000]
    urls = [LINK, link(0), link(1), *wrong]

    answer = await ask(api, key, urls)
    alone = [await api.extract(key, url) for url in urls]

    assert answer.status == 200
    assert list(answer.body) == ["success", "outcomes", "process_time_ms"]
    assert answer.body["success"] is True
    assert [outcome["url"] for outcome in answer.body["outcomes"]] == urls
    assert statuses(answer) == [200, 404, 200, 400, 400, 400, 400]
    volatile = {"requests_remaining", "process_time_ms", "cached", "video_url", "meta"}
    for outcome, single in zip(answer.body["outcomes"], alone, strict=True):
        assert outcome["status"] == single.status
        assert outcome.keys() == {"url", "status", *single.body}
        for name in single.body.keys() - volatile:
            assert outcome[name] == single.body[name], name
    assert [outcome.get("cached") for outcome in answer.body["outcomes"][:3]] == [True, None, False]
    assert [job.target.value for job in worker.crawled] == [str(FIRST + 1)]


async def test_each_link_counts_and_each_answer_is_charged(
    api: Api, key: str, worker: Worker, redis_client: Redis
) -> None:
    answer = await ask(api, key, [link(0), link(1), "https://example.com/"])

    assert answer.headers["X-RateLimit-Remaining"] == "497"
    me = await api.call("GET", "/api/v1/user/me", key=key)
    assert me.body["requests_used"] == 2
    assert [(event.status, event.charged) for event in await events(redis_client)] == [(200, 1)] * 2
    usage = await api.call("GET", "/api/v1/user/usage", key=key)
    assert usage.body["total_requests"] == 2
    assert not await redis_client.keys("reserved:*")


async def test_links_to_the_same_video_are_crawled_and_charged_once(
    api: Api, key: str, worker: Worker, redis_client: Redis
) -> None:
    await redis_client.set("short:ZMexample1", str(FIRST))
    same = [link(0), f"{link(0)}?lang=en", "https://vm.tiktok.com/ZMexample1/", link(0)]

    answer = await ask(api, key, same)

    assert statuses(answer) == [200] * 4
    assert [outcome["url"] for outcome in answer.body["outcomes"]] == same
    assert len({outcome["requests_remaining"] for outcome in answer.body["outcomes"]}) == 1
    assert len(worker.crawled) == 1
    assert len(await events(redis_client)) == 1
    assert answer.headers["X-RateLimit-Remaining"] == "496"
    me = await api.call("GET", "/api/v1/user/me", key=key)
    assert me.body["requests_used"] == 1


async def test_a_hundred_links_are_crawled_together_with_a_bound_on_how_many_at_once(
    api: Api, key: str, worker: Worker, redis_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "AT_ONCE", 4)
    most = 0

    async def watch(job: Job) -> Outcome:
        nonlocal most
        most = max(most, len(await redis_client.keys("flight:*")))
        return await worker.publish(job)

    worker.outcome = watch

    answer = await ask(api, key, links(100))

    assert statuses(answer) == [200] * 100
    assert [o["metadata"]["video_id"] for o in answer.body["outcomes"]] == [
        str(FIRST + number) for number in range(100)
    ]
    assert len(worker.crawled) == 100
    assert 1 < most <= 4
    me = await api.call("GET", "/api/v1/user/me", key=key)
    assert me.body["requests_used"] == 100


async def test_what_fits_into_the_minute_is_answered_and_the_rest_says_when(
    api: Api, callers: Callers, worker: Worker
) -> None:
    _, key = await callers.make(PlanName.FREE)

    answer = await ask(api, key, links(12))

    assert statuses(answer) == [200] * 10 + [429] * 2
    refused = answer.body["outcomes"][-1]
    assert (refused["success"], refused["error"]) == (False, "Rate limit exceeded")
    assert 0 < refused["retry_after"] <= 60
    assert refused["reset_at"].endswith("Z")
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert len(worker.crawled) == 10


async def test_what_fits_into_the_month_is_answered_and_the_rest_is_not(
    api: Api, callers: Callers, worker: Worker, redis_client: Redis
) -> None:
    account, key = await callers.make(PlanName.BASIC)
    await api.call("GET", "/api/v1/user/me", key=key)
    await redis_client.hset(f"month:{account.id}", "charged", "998")

    answer = await ask(api, key, links(4))

    assert statuses(answer) == [200, 200, 429, 429]
    assert answer.body["outcomes"][3]["error"] == "Monthly quota exceeded"


async def test_a_batch_of_which_nothing_fits_is_refused_as_a_whole(
    api: Api, callers: Callers, redis_client: Redis
) -> None:
    account, key = await callers.make(PlanName.FREE)
    await api.call("GET", "/api/v1/user/me", key=key)
    await redis_client.hset(f"month:{account.id}", "charged", "50")
    spent = await ask(api, key, links(3))
    for _ in range(9):
        await api.call("GET", "/api/v1/user/me", key=key)
    too_many = await ask(api, key, links(3))

    assert (spent.status, spent.body["error"]) == (429, "Monthly quota exceeded")
    assert (too_many.status, too_many.body["error"]) == (429, "Rate limit exceeded")
    for answer in (spent, too_many):
        assert int(answer.headers["Retry-After"]) == answer.body["retry_after"]
        assert "outcomes" not in answer.body


@pytest.mark.parametrize("count", [1, 3, 40])
async def test_country_on_a_plan_without_it_refuses_the_whole(
    api: Api, callers: Callers, count: int
) -> None:
    _, key = await callers.make(PlanName.BASIC)

    answer = await ask(api, key, links(count), extract_country=True)

    assert (answer.status, answer.body["error"]) == (403, "Country detection not available")
    assert answer.body["current_plan"] == "basic"


async def test_a_suspended_account_and_a_wrong_key_are_refused_as_a_whole(
    api: Api, callers: Callers
) -> None:
    account, key = await callers.make(PlanName.PRO)
    await callers.accounts.set_status(account.id, Status.SUSPENDED)

    suspended = await ask(api, key, [*links(2), "https://example.com/"])
    unknown = await ask(api, "tk_nobody_was_ever_given_this_one", links(2))
    missing = await ask(api, None, links(2))

    assert (suspended.status, suspended.body["error"]) == (403, "Account suspended")
    assert suspended.headers["X-RateLimit-Limit"] == "100"
    assert (unknown.status, unknown.body["error"]) == (401, "Invalid API Key")
    assert (missing.status, missing.body["error"]) == (401, "Unauthorized")


async def test_when_tiktok_refuses_every_link_the_whole_is_a_503_and_costs_nothing(
    api: Api, key: str, worker: Worker
) -> None:
    async def refuse(job: Job) -> Outcome:
        return Outcome(key=job.target.key, reason=Reason.UPSTREAM_BLOCKED, retry_after_s=77)

    worker.outcome = refuse

    answer = await ask(api, key, links(3))

    assert (answer.status, answer.body["reason"]) == (503, "upstream_blocked")
    assert answer.headers["Retry-After"] == "77"
    me = await api.call("GET", "/api/v1/user/me", key=key)
    assert me.body["requests_used"] == 0


async def test_links_that_fail_beside_others_say_why_and_cost_nothing(
    api: Api, key: str, worker: Worker
) -> None:
    async def refuse_odd(job: Job) -> Outcome:
        if int(job.target.value) % 2:
            return Outcome(key=job.target.key, reason=Reason.UPSTREAM_BLOCKED, retry_after_s=77)
        return await worker.publish(job)

    worker.outcome = refuse_odd

    answer = await ask(api, key, links(4))

    assert statuses(answer) == [200, 503, 200, 503]
    failed = answer.body["outcomes"][1]
    assert (failed["reason"], failed["retryable"]) == ("upstream_blocked", True)
    assert failed["retry_after"] == 77
    me = await api.call("GET", "/api/v1/user/me", key=key)
    assert me.body["requests_used"] == 2


async def test_links_that_all_are_wrong_say_so_one_by_one(api: Api, key: str) -> None:
    answer = await ask(api, key, ["https://example.com/", "nonsense"])

    assert statuses(answer) == [400, 400]
    assert answer.body["outcomes"][0]["requests_remaining"] == 100_000
    assert answer.headers["X-RateLimit-Remaining"] == "498"


async def test_all_of_a_batch_is_over_within_the_time_of_one_extraction(
    environment: Environment, key: str, redis_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "AT_ONCE", 2)
    await put(redis_client, a_video())
    async with (
        serving(environment.model_copy(update={"extract_timeout_s": 0.3})) as api,
        asyncio.timeout(5),
    ):
        answer = await ask(api, key, [*links(9), LINK])

    assert statuses(answer) == [503] * 9 + [200]
    assert {outcome["reason"] for outcome in answer.body["outcomes"][:9]} == {"timeout"}
    assert await redis_client.xlen("jobs:demand") == 9


async def test_a_fault_of_ours_at_one_link_leaves_the_others_alone(
    api: Api, key: str, redis_client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await put(redis_client, a_video())
    await redis_client.hset(f"video:{FIRST}", mapping={"reason": "no_such_word"})

    answer = await ask(api, key, [link(0), LINK])

    assert statuses(answer) == [500, 200]
    named = answer.body["outcomes"][0]["request_id"]
    assert named == f"{answer.headers['X-Request-ID']}.1"
    assert "no_such_word" in caplog.text


async def test_a_fault_of_ours_at_every_link_is_one_of_the_whole(
    api: Api, key: str, redis_client: Redis
) -> None:
    await redis_client.hset(f"video:{FIRST}", mapping={"reason": "no_such_word"})

    answer = await ask(api, key, [link(0)])

    assert answer.status == 500
    assert answer.body["request_id"] == answer.headers["X-Request-ID"]


async def test_the_wishes_of_a_batch_are_those_of_each_link(
    api: Api, key: str, worker: Worker, redis_client: Redis
) -> None:
    await put(redis_client, a_video())

    bare = await ask(api, key, [LINK], extract_metadata=False)
    country = await ask(api, key, [LINK], extract_country=True)
    fresh = await ask(api, key, [LINK], max_age=0)

    assert "metadata" not in bare.body["outcomes"][0]
    assert bare.body["outcomes"][0]["meta"]["absent"] == {}
    assert country.body["outcomes"][0]["metadata"]["country"] == "SE"
    assert fresh.body["outcomes"][0]["cached"] is False
    assert [job.target.value for job in worker.crawled] == [VIDEO_ID]


@pytest.mark.parametrize(
    "urls", [None, "x", {}, {"0": LINK}, [], links(101), [LINK, 7], [None], [[LINK]], True], ids=str
)
async def test_what_is_no_list_of_links_is_refused(api: Api, key: str, urls: Any) -> None:
    answer = await ask(api, key, urls)

    assert (answer.status, answer.body["error"]) == (400, "Invalid parameter")
    assert answer.body["detail"] == MUST_BE
    assert answer.body["requests_remaining"] == 100_000
    assert answer.headers["X-RateLimit-Remaining"] == "499"


async def test_a_batch_without_links_and_with_wrong_wishes_is_refused(api: Api, key: str) -> None:
    missing = await api.call("POST", BATCH, key=key, json={"url": LINK})
    wrong = await ask(api, key, [LINK], max_age=-1)
    large = await api.call("POST", BATCH, key=key, data=orjson.dumps({"urls": ["x" * 70_000]}))

    assert (missing.status, missing.body["error"]) == (400, "Missing parameter")
    assert missing.body["detail"] == "The parameter 'urls' is required"
    assert (wrong.status, wrong.body["error"]) == (400, "Invalid parameter")
    assert (large.status, large.body["error"]) == (413, "Payload too large")
