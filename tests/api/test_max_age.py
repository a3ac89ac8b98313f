from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import time
from typing import TYPE_CHECKING, Any

import pytest

from api.schemas.video import AGE_MUST_BE, OLDEST_S
from crawler.errors import Reason
from crawler.jobs import answers
from crawler.jobs.records import Outcome
from pipelines.documents.mongo import to_mongo
from pipelines.documents.video import Media
from services.scripts import call_all
from tests.api.conftest import LINK, VIDEO_ID, a_video, put, serving, until

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from crawler.jobs.records import Job
    from services.mongodb import Document
    from settings.env import Environment
    from tests.api.conftest import Api, Worker

SHORT = "https://vm.tiktok.com/ZMexample1/"


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


async def absent(redis: Redis, seconds_ago: int | None) -> None:
    fields = {"reason": Reason.VIDEO_DELETED.value}
    if seconds_ago is not None:
        fields["observed_at"] = str(int(time()) - seconds_ago)
    entry = answers.Entry(video_id=VIDEO_ID, fields=fields, ttl_s=60)
    await call_all(redis, [answers.put(entry)])


async def test_a_cached_answer_that_is_young_enough_needs_no_crawl(
    api: Api, key: str, redis_client: Redis
) -> None:
    await put(redis_client, a_video(observed_at=ago(100)))

    answer = await api.extract(key, max_age=120)

    assert (answer.status, answer.body["cached"]) == (200, True)
    assert answer.body["requests_remaining"] == 99_999
    assert await redis_client.xlen("jobs:demand") == 0


@pytest.mark.parametrize("max_age", [0, 1, 99])
async def test_an_older_answer_is_crawled_anew(
    api: Api, key: str, worker: Worker, redis_client: Redis, max_age: int
) -> None:
    await put(redis_client, a_video(observed_at=ago(100)))

    answer = await api.extract(key, max_age=max_age)

    assert (answer.status, answer.body["cached"]) == (200, False)
    assert len(worker.crawled) == 1
    seen_at = datetime.fromisoformat(answer.body["meta"]["observed_at"])
    assert seen_at > ago(5)
    assert answer.body["requests_remaining"] == 99_999


async def test_a_fresh_answer_is_what_the_next_caller_without_a_wish_gets(
    api: Api, key: str, worker: Worker, redis_client: Redis
) -> None:
    await put(redis_client, a_video(observed_at=ago(100)))

    fresh, usual = await api.extract(key, max_age=0), await api.extract(key)

    assert usual.body["cached"] is True
    assert usual.body["meta"] == fresh.body["meta"]
    assert len(worker.crawled) == 1


async def test_a_crawl_that_is_under_way_is_joined(api: Api, key: str, worker: Worker) -> None:
    worker.delay_s = 0.3
    first = asyncio.create_task(api.extract(key))
    await worker.is_crawling.wait()

    second = await api.extract(key, max_age=0)

    assert ((await first).status, second.status) == (200, 200)
    assert second.body["cached"] is False
    assert len(worker.crawled) == 1


async def test_a_document_of_the_store_is_too_old_as_well(
    api: Api, key: str, worker: Worker, database: AsyncDatabase[Document]
) -> None:
    await database["videos"].insert_one(to_mongo(a_video(observed_at=ago(100))))

    stored = await api.extract(key, max_age=120)
    fresh = await api.extract(key, max_age=50)

    assert (stored.body["cached"], fresh.body["cached"]) == (True, False)
    assert len(worker.crawled) == 1


async def test_who_bears_an_older_answer_gets_the_one_of_the_store_and_nobody_else_does(
    api: Api, key: str, worker: Worker, database: AsyncDatabase[Document], redis_client: Redis
) -> None:
    await database["videos"].insert_one(to_mongo(a_video(observed_at=ago(7200))))

    older = await api.extract(key, max_age=8000)
    assert not await redis_client.exists(f"video:{VIDEO_ID}")
    usual = await api.extract(key)

    assert (older.status, older.body["cached"], usual.body["cached"]) == (200, True, False)
    assert older.body["requests_remaining"] == 99_999
    assert len(worker.crawled) == 1


async def test_an_older_document_whose_file_has_ended_is_crawled_anew(
    api: Api, key: str, worker: Worker, database: AsyncDatabase[Document]
) -> None:
    ended = Media(url="https://media.example.com/v.mp4", expires_at=ago(60))
    await database["videos"].insert_one(
        to_mongo(replace(a_video(observed_at=ago(7200)), media=ended))
    )

    answer = await api.extract(key, max_age=8000)

    assert answer.body["cached"] is False
    assert len(worker.crawled) == 1


@pytest.mark.parametrize(
    ("seconds_ago", "is_asked"), [(10, False), (1000, True), (None, True)], ids=str
)
async def test_an_absence_has_an_age_too(
    api: Api, key: str, worker: Worker, seconds_ago: int, *, is_asked: bool
) -> None:
    await absent(worker.redis, seconds_ago)

    answer = await api.extract(key, max_age=100)

    assert answer.status == (200 if is_asked else 404)
    assert len(worker.crawled) == int(is_asked)
    assert answer.body["requests_remaining"] == 99_999


@pytest.mark.parametrize(("max_age", "status"), [(None, 404), (3600, 404), (60, 200), (0, 200)])
async def test_so_has_the_absence_behind_a_short_link(
    api: Api, key: str, worker: Worker, max_age: int | None, *, status: int
) -> None:
    absence_s = Reason.SHORT_LINK_DEAD.policy.absence_ttl_s or 0
    await worker.redis.set("short:ZMexample1", "!short_link_dead", ex=absence_s - 600)

    answer = await api.extract(key, SHORT, max_age=max_age)

    assert answer.status == status
    assert len(worker.crawled) == int(status == 200)


async def test_a_short_link_known_to_lead_somewhere_is_followed_to_a_young_answer(
    api: Api, key: str, worker: Worker, redis_client: Redis
) -> None:
    await redis_client.set("short:ZMexample1", VIDEO_ID)
    await put(redis_client, a_video(observed_at=ago(100)))

    answer = await api.extract(key, SHORT, max_age=10)

    assert answer.body["cached"] is False
    assert [job.target.key for job in worker.crawled] == [f"video:{VIDEO_ID}"]


async def test_a_crawl_that_fails_is_answered_503_and_never_with_what_is_old(
    api: Api, key: str, worker: Worker, redis_client: Redis
) -> None:
    async def refuse(job: Job) -> Outcome:
        return Outcome(key=job.target.key, reason=Reason.CAPTCHA)

    worker.outcome = refuse
    await put(redis_client, a_video(observed_at=ago(100)))

    refused, usual = await api.extract(key, max_age=0), await api.extract(key)

    assert (refused.status, refused.body["reason"]) == (503, "captcha")
    assert (usual.status, usual.body["requests_remaining"]) == (200, 99_999)


async def test_a_crawl_that_takes_too_long_is_answered_503_and_never_with_what_is_old(
    environment: Environment, key: str, redis_client: Redis
) -> None:
    await put(redis_client, a_video(observed_at=ago(100)))
    async with serving(environment.model_copy(update={"extract_timeout_s": 0.3})) as api:
        late = await api.extract(key, max_age=0)

    assert (late.status, late.body["reason"]) == (503, "timeout")


async def test_what_was_crawled_since_the_request_began_is_new_enough(
    environment: Environment, key: str, redis_client: Redis
) -> None:
    async with serving(environment.model_copy(update={"extract_timeout_s": 1.5})) as api:
        asking = asyncio.create_task(api.extract(key, max_age=0))
        await until(lambda: redis_client.xlen("jobs:demand"))
        await put(redis_client, a_video(observed_at=ago(-2)))

        answer = await asking

    assert answer.status == 200


@pytest.mark.parametrize(
    "max_age",
    [True, False, 1.0, 0.5, "60", "", -1, OLDEST_S + 1, 2**63, 2**70, 1e300, [], {"$gt": 0}],
    ids=str,
)
async def test_what_is_no_number_of_seconds_is_refused(api: Api, key: str, max_age: Any) -> None:
    answer = await api.extract(key, LINK, max_age=max_age)

    assert (answer.status, answer.body["error"]) == (400, "Invalid parameter")
    assert answer.body["detail"] == f"The parameter 'max_age' {AGE_MUST_BE}"
    assert answer.body["requests_remaining"] == 100_000


async def test_null_is_as_good_as_nothing(api: Api, key: str, redis_client: Redis) -> None:
    await put(redis_client, a_video(observed_at=ago(100)))

    assert (await api.extract(key, max_age=None)).body["cached"] is True
