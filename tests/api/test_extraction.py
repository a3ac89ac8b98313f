from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import orjson
import pytest

from crawler.errors import POLICIES, Reason
from crawler.jobs import answers
from crawler.jobs.records import Job, Outcome
from pipelines.documents.mongo import to_mongo
from pipelines.documents.public import metadata
from services.scripts import call_all
from settings.plans import PlanName
from tests.api.conftest import (
    EXTRACT,
    LINK,
    VIDEO_ID,
    Api,
    Callers,
    Worker,
    a_video,
    put,
    serving,
    until,
)

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document
    from settings.env import Environment

SHORT = "https://vm.tiktok.com/ZMexample1/"


async def absent(redis: Redis, reason: Reason, video_id: str = VIDEO_ID) -> None:
    entry = answers.Entry(video_id=video_id, fields={"reason": reason.value}, ttl_s=60)
    await call_all(redis, [answers.put(entry)])


async def is_settled(redis: Redis) -> bool:
    return not await redis.keys("reserved:*")


async def test_a_cached_video_is_answered_without_a_crawl(
    api: Api, key: str, redis_client: Redis
) -> None:
    video = a_video()
    await put(redis_client, video)

    answer = await api.extract(key)

    assert answer.status == 200
    assert list(answer.body) == [
        "success",
        "video_url",
        "metadata",
        "meta",
        "cached",
        "requests_remaining",
        "process_time_ms",
    ]
    assert answer.body["success"] is True
    assert video.media is not None
    assert f"/api/v1/video/{video.id}/stream?exp=" in answer.body["video_url"]
    assert answer.body["metadata"] == metadata(video, with_country=False)
    assert answer.body["cached"] is True
    assert answer.body["requests_remaining"] == 99_999
    assert isinstance(answer.body["process_time_ms"], int)
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["X-RateLimit-Limit"] == "500"
    assert answer.headers["X-RateLimit-Remaining"] == "499"
    assert await redis_client.xlen("jobs:demand") == 0


async def test_country_is_filled_in_for_those_who_ask(
    api: Api, key: str, redis_client: Redis
) -> None:
    await put(redis_client, a_video())

    answer = await api.extract(key, extract_country=True)

    assert (answer.body["metadata"]["country"], answer.body["metadata"]["region"]) == (
        "SE",
        "Skåne",
    )


async def test_without_metadata_there_is_no_such_key(
    api: Api, key: str, redis_client: Redis
) -> None:
    await put(redis_client, a_video())

    answer = await api.extract(key, extract_metadata=False)

    assert answer.status == 200
    assert "metadata" not in answer.body
    assert answer.body["video_url"]


async def test_a_post_without_media_has_no_address(api: Api, key: str, redis_client: Redis) -> None:
    video = a_video()
    video.media = None
    await put(redis_client, video)

    answer = await api.extract(key)

    assert answer.body["video_url"] is None


async def test_a_fresh_document_is_answered_from_the_store_and_fills_the_cache(
    api: Api, key: str, redis_client: Redis, database: AsyncDatabase[Document]
) -> None:
    observed_at = datetime.now(UTC) - timedelta(minutes=10)
    await database["videos"].insert_one(to_mongo(a_video(observed_at=observed_at)))

    answer = await api.extract(key)

    assert answer.status == 200
    assert answer.body["cached"] is True
    assert answer.body["metadata"]["description"] == 'Morning "run" ☀ #fyp'
    assert 2900 < await redis_client.ttl(f"video:{VIDEO_ID}") <= 3000
    assert (await api.extract(key)).body["requests_remaining"] == 99_998


async def test_a_stale_document_is_crawled_again(
    api: Api, key: str, worker: Worker, database: AsyncDatabase[Document]
) -> None:
    observed_at = datetime.now(UTC) - timedelta(hours=2)
    await database["videos"].insert_one(to_mongo(a_video(observed_at=observed_at)))

    answer = await api.extract(key)

    assert answer.body["cached"] is False
    assert len(worker.crawled) == 1


async def test_an_unknown_video_is_crawled_and_then_cached(
    api: Api, key: str, worker: Worker
) -> None:
    first, second = await api.extract(key), await api.extract(key)

    assert (first.status, first.body["cached"]) == (200, False)
    assert (second.status, second.body["cached"]) == (200, True)
    assert first.body["requests_remaining"] == 99_999
    assert second.body["requests_remaining"] == 99_998
    assert first.body["metadata"] == second.body["metadata"]
    assert [job.target.username for job in worker.crawled] == ["someone"]


async def test_twenty_callers_of_one_video_make_one_job(api: Api, key: str, worker: Worker) -> None:
    worker.delay_s = 0.3

    many = await asyncio.gather(*(api.extract(key) for _ in range(20)))

    assert {answer.status for answer in many} == {200}
    assert len(worker.crawled) == 1
    assert min(answer.body["requests_remaining"] for answer in many) == 99_980


async def test_a_short_link_is_followed_once(api: Api, key: str, worker: Worker) -> None:
    async def lead(job: Job) -> Outcome:
        outcome = await worker.publish(job)
        await answers.keep_outcome(worker.redis, job, outcome)
        return outcome

    worker.outcome = lead

    first, second = await api.extract(key, SHORT), await api.extract(key, SHORT)

    assert (first.status, first.body["cached"]) == (200, False)
    assert (second.status, second.body["cached"]) == (200, True)
    assert [job.target.key for job in worker.crawled] == ["short:ZMexample1"]


async def test_a_short_link_known_to_be_dead_is_answered_404_and_charged(
    api: Api, key: str, redis_client: Redis
) -> None:
    await redis_client.set("short:ZMexample1", "!short_link_dead")

    answer = await api.extract(key, SHORT)

    assert answer.status == 404
    assert answer.body["reason"] == "short_link_dead"
    assert answer.body["requests_remaining"] == 99_999


async def test_a_short_link_that_leads_to_no_video_is_the_callers_error(
    api: Api, key: str, redis_client: Redis
) -> None:
    await redis_client.set("short:ZMexample1", "!unsupported_url")

    answer = await api.extract(key, SHORT)

    assert (answer.status, answer.body["error"]) == (400, "Invalid TikTok URL")
    assert answer.body["requests_remaining"] == 100_000


async def test_a_known_absence_is_charged_like_any_answer(
    api: Api, key: str, redis_client: Redis
) -> None:
    await absent(redis_client, Reason.VIDEO_PRIVATE)

    answer = await api.extract(key)

    assert answer.status == 404
    assert answer.body["reason"] == "video_private"
    assert answer.body["requests_remaining"] == 99_999


@pytest.mark.parametrize("reason", list(POLICIES))
async def test_every_reason_is_answered_as_its_policy_says(
    reason: Reason, api: Api, key: str, worker: Worker
) -> None:
    async def refuse(job: Job) -> Outcome:
        return Outcome(key=job.target.key, reason=reason)

    worker.outcome = refuse

    answer = await api.extract(key)

    assert answer.status == reason.policy.status
    assert answer.body["reason"] == reason.value
    assert answer.body["retryable"] is reason.policy.retryable
    assert ("Retry-After" in answer.headers) == (answer.status == 503)
    after = await api.extract(key, "https://example.com/")
    is_charged = reason.policy.status == 404
    assert after.body["requests_remaining"] == 100_000 - int(is_charged)


async def test_the_wait_that_tiktok_asks_for_is_passed_on(
    api: Api, key: str, worker: Worker
) -> None:
    async def refuse(job: Job) -> Outcome:
        return Outcome(key=job.target.key, reason=Reason.UPSTREAM_BLOCKED, retry_after_s=77)

    worker.outcome = refuse

    assert (await api.extract(key)).headers["Retry-After"] == "77"


async def test_a_crawl_that_takes_too_long_is_answered_503_and_not_charged(
    environment: Environment, key: str, worker: Worker
) -> None:
    worker.delay_s = 0.6
    async with serving(environment.model_copy(update={"extract_timeout_s": 0.3})) as api:
        late = await api.extract(key)
        while (again := await api.extract(key)).status != 200:
            assert again.body["reason"] == "timeout"

    assert late.status == 503
    assert (late.body["error"], late.body["reason"]) == ("Service unavailable", "timeout")
    assert late.body["retryable"] is True
    assert int(late.headers["Retry-After"]) > 0
    assert again.body["requests_remaining"] == 99_999
    assert len(worker.crawled) == 1


async def test_an_outcome_that_was_not_heard_is_found_in_the_cache(
    environment: Environment, key: str, redis_client: Redis
) -> None:
    async with serving(environment.model_copy(update={"extract_timeout_s": 1.5})) as api:
        asking = asyncio.create_task(api.extract(key))
        await until(lambda: redis_client.xlen("jobs:demand"))
        await put(redis_client, a_video())

        answer = await asking

    assert (answer.status, answer.body["cached"]) == (200, False)


async def test_a_caller_who_leaves_does_not_stop_the_crawl(
    api: Api, key: str, worker: Worker, redis_client: Redis
) -> None:
    worker.delay_s = 0.2
    leaving = asyncio.create_task(api.extract(key))
    await worker.is_crawling.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await until(lambda: redis_client.exists(f"video:{VIDEO_ID}"))
    await until(lambda: is_settled(redis_client))

    assert (await api.extract(key)).body["cached"] is True


async def test_country_is_refused_on_basic_before_anything_is_spent(
    api: Api, callers: Callers, redis_client: Redis
) -> None:
    _, key = await callers.make(PlanName.BASIC)
    await put(redis_client, a_video())

    refused = await api.extract(key, extract_country=True)
    answer = await api.extract(key)

    assert refused.status == 403
    assert refused.headers["X-RateLimit-Remaining"] == "29"
    assert answer.body["requests_remaining"] == 999
    assert answer.body["metadata"]["country"] is None


async def test_answers_keep_every_character_of_a_caption(
    api: Api, key: str, redis_client: Redis
) -> None:
    caption = 'quotes " \\ and \u2028 日本語 🎬 </script> \x01'
    await put(redis_client, a_video(description=caption))

    async with api.session.post(
        api.url + EXTRACT, headers={"X-API-Key": key}, data=orjson.dumps({"url": LINK})
    ) as response:
        body = orjson.loads(await response.read())

    assert body["metadata"]["description"] == caption
