from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crawler.errors import Reason
from crawler.jobs.records import Outcome
from crawler.links import TargetType
from tests.api.conftest import serving
from tests.api.finding import find, put
from tests.api.listing import lists_at_work

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from crawler.jobs.records import Job
    from services.mongodb import Document
    from tests.api.conftest import Answer, Api, Worker

USER, HASHTAG, MUSIC = "/api/v1/users/Mara.Bakes", "/api/v1/hashtags/Bread", "/api/v1/music/68000"


async def read(api: Api, key: str, path: str = USER, **more: Any) -> Answer:
    return await api.call("GET", path, key=key, **more)


async def used(api: Api, key: str) -> int:
    return int((await read(api, key, "/api/v1/user/me")).body["requests_used"])


@pytest.fixture
def finds(worker: Worker, database: AsyncDatabase[Document]) -> Worker:
    """A worker that finds whatever it is asked for."""

    worker.outcome = lambda job: find(worker, database, job)
    return worker


@pytest.mark.parametrize(
    ("path", "name", "shown"),
    [
        (USER, "user", {"user_id": "17", "username": "mara.bakes"}),
        (HASHTAG, "hashtag", {"name": "Bread"}),
        (MUSIC, "music", {"music_id": "68000", "title": "Knead"}),
    ],
)
async def test_what_is_stored_is_read_and_what_is_not_is_crawled(
    path: str, name: str, shown: dict[str, str], api: Api, finds: Worker, *, key: str
) -> None:
    crawled, stored = await read(api, key, path), await read(api, key, path)

    assert (crawled.status, crawled.body["cached"]) == (200, False)
    assert (stored.status, stored.body["cached"]) == (200, True)
    assert crawled.body[name] == stored.body[name]
    assert shown.items() <= stored.body[name].items()
    assert "layout" not in stored.body[name]
    assert stored.body["meta"]["observed_at"] == stored.body[name]["observed_at"]
    assert [job.target.type for job in finds.crawled] == [f"{name}_header"]
    assert stored.body["requests_remaining"] == 99_998
    assert await used(api, key) == 2


async def test_one_that_is_too_old_is_crawled_anew(
    api: Api, key: str, finds: Worker, database: AsyncDatabase[Document]
) -> None:
    await put(database, TargetType.USER_HEADER, age_s=100)

    young = await read(api, key, f"{USER}?max_age=60")
    old = await put(database, TargetType.HASHTAG_HEADER, age_s=4000)
    usual, told = await read(api, key, f"{HASHTAG}?max_age=5000"), await read(api, key, HASHTAG)

    assert [one.body["cached"] for one in (young, usual, told)] == [False, True, False]
    assert [job.target.value for job in finds.crawled] == ["mara.bakes", old]


async def test_what_a_search_alone_has_shown_is_not_taken_for_the_profile(
    api: Api, key: str, finds: Worker, database: AsyncDatabase[Document]
) -> None:
    await put(database, TargetType.USER_HEADER, layout="list")

    answer = await read(api, key)

    assert (answer.status, answer.body["cached"]) == (200, False)


async def test_of_two_that_had_a_name_the_one_seen_last_is_meant(
    api: Api, key: str, database: AsyncDatabase[Document]
) -> None:
    await put(database, TargetType.USER_HEADER, id="1", age_s=50)
    await put(database, TargetType.USER_HEADER, id="2", age_s=10)
    await put(database, TargetType.USER_HEADER, id="3", age_s=30)

    assert (await read(api, key)).body["user"]["user_id"] == "2"


@pytest.mark.parametrize(("is_there", "status", "cost"), [(True, 200, 2), (False, 404, 1)])
async def test_one_that_is_slow_is_a_202_whose_crawl_answers_who_asks_again(
    api: Api,
    key: str,
    finds: Worker,
    database: AsyncDatabase[Document],
    redis_client: Redis,
    *,
    is_there: bool,
    status: int,
    cost: int,
) -> None:
    async def miss(job: Job) -> Outcome:
        return Outcome(key=job.target.key, reason=Reason.USER_NOT_FOUND)

    finds.delay_s = 0.4
    if not is_there:
        finds.outcome = miss
    path = f"{USER}?max_age=0"
    hasty = api.environment.model_copy(update={"extract_timeout_s": 0.2})

    async with lists_at_work(database, redis_client), serving(hasty) as impatient:
        accepted, joined = await read(impatient, key, path), await read(impatient, key, path)
        assert await used(api, key) == 0
        answer = joined
        async with asyncio.timeout(5):
            while answer.status == 202:
                answer = await read(impatient, key, path)
        crawl = await read(api, key, f"/api/v1/crawls/{accepted.body['crawl']['id']}")

    assert (accepted.status, joined.status) == (202, 202)
    assert joined.body["crawl"]["id"] == accepted.body["crawl"]["id"] == crawl.body["id"]
    assert int(accepted.headers["Retry-After"]) == accepted.body["retry_after"] > 0
    assert (answer.status, answer.body.get("user", {}).get("user_id")) == (
        status,
        "17" if is_there else None,
    )
    assert crawl.body["state"] == ("succeeded" if is_there else "failed")
    assert await used(api, key) == cost


async def test_an_absence_is_a_404_is_charged_and_remembered(
    api: Api, key: str, worker: Worker
) -> None:
    async def miss(job: Job) -> Outcome:
        return Outcome(key=job.target.key, reason=Reason.USER_NOT_FOUND)

    worker.outcome = miss

    first, second = await read(api, key), await read(api, key)
    anew = await read(api, key, f"{USER}?max_age=0")

    for answer in (first, second, anew):
        assert (answer.status, answer.body["error"]) == (404, "User not found")
        assert (answer.body["reason"], answer.body["retryable"]) == ("user_not_found", False)
    assert second.body["requests_remaining"] == 99_998
    assert len(worker.crawled) == 2
    assert await used(api, key) == 3


async def test_a_crawl_that_fails_is_a_503_and_costs_nothing(
    api: Api, key: str, worker: Worker
) -> None:
    async def refuse(job: Job) -> Outcome:
        return Outcome(key=job.target.key, reason=Reason.CAPTCHA, retry_after_s=77)

    worker.outcome = refuse

    answer = await read(api, key)

    assert (answer.status, answer.body["reason"]) == (503, "captcha")
    assert answer.headers["Retry-After"] == "77"
    assert await used(api, key) == 0


async def test_while_the_breaker_is_open_it_is_refused_at_once(
    api: Api, key: str, worker: Worker, redis_client: Redis
) -> None:
    until_ms = int((datetime.now(UTC) + timedelta(seconds=300)).timestamp() * 1000)
    await redis_client.hset("egress:direct", "until", str(until_ms))

    answer = await read(api, key)

    assert (answer.status, answer.body["reason"]) == (503, "upstream_blocked")
    assert 290 < int(answer.headers["Retry-After"]) <= 300
    assert worker.crawled == []


async def test_two_who_read_the_same_share_its_crawl(api: Api, key: str, finds: Worker) -> None:
    finds.delay_s = 0.2

    both = await asyncio.gather(read(api, key), read(api, key))

    assert [answer.status for answer in both] == [200, 200]
    assert len(finds.crawled) == 1


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/api/v1/users/two%20words", "The parameter 'username' is wrong: expected a username"),
        ("/api/v1/hashtags/two%20words", "The parameter 'name' is wrong: expected a hashtag"),
        ("/api/v1/music/12x", "The parameter 'id' is wrong: expected the id of a sound"),
        (f"{USER}?max_age=-1", "The parameter 'max_age' must be a whole number of seconds"),
    ],
)
async def test_what_cannot_be_read_is_refused(api: Api, key: str, path: str, detail: str) -> None:
    answer = await read(api, key, path)

    assert (answer.status, answer.body["error"]) == (400, "Invalid parameter")
    assert answer.body["detail"].startswith(detail)
    assert answer.body["requests_remaining"] == 100_000
