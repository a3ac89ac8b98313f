from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import time
from typing import TYPE_CHECKING, Any

import pytest

from accounts.usage import STREAM
from crawler.errors import Reason
from crawler.jobs import answers
from crawler.jobs.records import Outcome
from pipelines.documents.mongo import to_mongo
from pipelines.documents.video import Media, Statistics
from services.scripts import call_all
from settings.plans import PlanName
from tests.api.conftest import VIDEO_ID, a_video, put

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from crawler.jobs.records import Job
    from services.mongodb import Document
    from tests.api.conftest import Answer, Api, Callers, Worker

PATH = f"/api/v1/videos/{VIDEO_ID}"


async def read(api: Api, key: str | None, path: str = PATH, **more: Any) -> Answer:
    return await api.call("GET", path, key=key, **more)


async def revalidate(api: Api, key: str, answer: Answer, query: str = "") -> Answer:
    headers = {"If-None-Match": answer.headers["ETag"]}
    return await read(api, key, PATH + query, headers=headers)


async def used(api: Api, key: str) -> int:
    answer = await api.call("GET", "/api/v1/user/me", key=key)
    return int(answer.body["requests_used"])


def max_age(answer: Answer) -> int:
    found = re.fullmatch(r"private, max-age=(\d+)", answer.headers["Cache-Control"])
    assert found
    return int(found[1])


async def test_a_post_is_read_as_an_extraction_answers_it(
    api: Api, key: str, redis_client: Redis
) -> None:
    await put(redis_client, a_video())

    answer, extracted = await read(api, key), await api.extract(key)

    assert answer.status == 200
    assert answer.body.keys() == extracted.body.keys()
    for name in ("success", "metadata", "meta", "cached"):
        assert answer.body[name] == extracted.body[name]
    assert answer.headers["ETag"].startswith('W/"')
    assert 3500 < max_age(answer) <= 3600
    assert answer.headers["X-RateLimit-Remaining"] == "499"
    assert answer.body["requests_remaining"] == 99_999
    assert await redis_client.xlen("jobs:demand") == 0


async def test_a_stored_post_is_read_without_a_crawl_and_an_unknown_one_with(
    api: Api, key: str, worker: Worker, database: AsyncDatabase[Document]
) -> None:
    await database["videos"].insert_one(to_mongo(a_video()))

    stored, crawled = await read(api, key), await read(api, key, "/api/v1/videos/73000000000")

    assert (stored.status, stored.body["cached"]) == (200, True)
    assert (crawled.status, crawled.body["cached"]) == (200, False)
    assert [job.target.key for job in worker.crawled] == ["video:73000000000"]
    assert await used(api, key) == 2


async def test_what_the_caller_has_already_costs_nothing(
    api: Api, key: str, redis_client: Redis
) -> None:
    await put(redis_client, a_video())
    first = await read(api, key)

    again = await revalidate(api, key, first)

    assert again.status == 304
    assert again.body is None
    assert again.headers["ETag"] == first.headers["ETag"]
    assert max_age(again) > 3500
    assert again.headers["X-RateLimit-Remaining"] == "498"
    assert await used(api, key) == 1
    assert not await redis_client.keys("reserved:*")
    usage = await api.call("GET", "/api/v1/user/usage", key=key)
    assert usage.body["total_requests"] == 1
    assert await redis_client.xlen(STREAM) == 2


async def test_a_new_crawl_that_finds_the_same_is_a_304_and_one_that_does_not_is_not(
    api: Api, key: str, worker: Worker, redis_client: Redis
) -> None:
    await put(redis_client, a_video(observed_at=datetime.now(UTC) - timedelta(seconds=100)))
    first = await read(api, key)

    same = await revalidate(api, key, first, "?max_age=0")

    async def grow(job: Job) -> Outcome:
        await put(redis_client, a_video(statistics=Statistics(views=9)))
        return Outcome(key=job.target.key, video_id=VIDEO_ID)

    worker.outcome = grow
    grown = await revalidate(api, key, first, "?max_age=0")

    assert (same.status, grown.status) == (304, 200)
    assert grown.body["metadata"]["statistics"]["views"] == 9
    assert grown.headers["ETag"] != first.headers["ETag"]
    assert len(worker.crawled) == 2
    assert await used(api, key) == 2


async def test_who_holds_a_link_that_has_ended_gets_a_new_one(
    api: Api, key: str, redis_client: Redis
) -> None:
    await put(redis_client, a_video())
    first = await read(api, key)
    digest = first.headers["ETag"].removeprefix('W/"').partition("-")[0]
    ended = f'W/"{digest}-{int(time()) - 5:x}"'

    again = await read(api, key, headers={"If-None-Match": ended})

    assert again.status == 200
    assert again.headers["ETag"] != ended


async def test_an_answer_is_no_longer_good_than_its_link(
    api: Api, key: str, redis_client: Redis
) -> None:
    soon = Media(
        url="https://media.example.com/v.mp4", expires_at=datetime.now(UTC) + timedelta(seconds=600)
    )
    await put(redis_client, replace(a_video(), media=soon))

    assert max_age(await read(api, key)) <= 540
    assert max_age(await read(api, key, f"{PATH}?max_age=300")) <= 300
    assert f"-{int(soon.expires_at.timestamp()) - 60:x}" in (await read(api, key)).headers["ETag"]  # type: ignore[union-attr]


async def test_an_absence_is_a_404_and_charged(api: Api, key: str, redis_client: Redis) -> None:
    fields = {"reason": Reason.VIDEO_PRIVATE.value, "observed_at": str(int(time()))}
    await call_all(
        redis_client, [answers.put(answers.Entry(video_id=VIDEO_ID, fields=fields, ttl_s=60))]
    )

    answer = await read(api, key, headers={"If-None-Match": "*"})

    assert (answer.status, answer.body["reason"]) == (404, "video_private")
    assert answer.body["requests_remaining"] == 99_999
    assert "ETag" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_crawl_that_fails_is_a_503_and_costs_nothing(
    api: Api, key: str, worker: Worker
) -> None:
    async def refuse(job: Job) -> Outcome:
        return Outcome(key=job.target.key, reason=Reason.CAPTCHA)

    worker.outcome = refuse

    answer = await read(api, key)

    assert (answer.status, answer.body["reason"]) == (503, "captcha")
    assert await used(api, key) == 0


async def test_country_is_given_to_plans_that_have_it(
    api: Api, key: str, callers: Callers, redis_client: Redis
) -> None:
    _, basic = await callers.make(PlanName.BASIC)
    await put(redis_client, a_video())

    plain = await read(api, key)
    given = await read(api, key, f"{PATH}?extract_country=true")
    refused = await read(api, basic, f"{PATH}?extract_country=true")

    assert given.body["metadata"]["country"] == "SE"
    assert given.headers["ETag"] != plain.headers["ETag"]
    assert (refused.status, refused.body["error"]) == (403, "Country detection not available")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v1/videos/abc", "id"),
        ("/api/v1/videos/123456789012345678901", "id"),
        ("/api/v1/videos/%D9%A1", "id"),
        (f"{PATH}?max_age=-1", "max_age"),
        (f"{PATH}?max_age=1.5", "max_age"),
        (f"{PATH}?max_age=1_0", "max_age"),
        (f"{PATH}?max_age=", "max_age"),
        (f"{PATH}?max_age=99999999999999999999", "max_age"),
        (f"{PATH}?max_age=true", "max_age"),
        (f"{PATH}?extract_country=1", "extract_country"),
        (f"{PATH}?extract_country=True", "extract_country"),
    ],
)
async def test_what_cannot_be_read_is_refused(api: Api, key: str, path: str, name: str) -> None:
    answer = await read(api, key, path)

    assert (answer.status, answer.body["error"]) == (400, "Invalid parameter")
    assert answer.body["detail"].startswith(f"The parameter '{name}' must be ")
    assert answer.body["requests_remaining"] == 100_000


async def test_it_needs_a_key_and_a_get(api: Api, key: str) -> None:
    unknown = await read(api, None)
    head = await api.call("HEAD", PATH, key=key)

    assert unknown.status == 401
    assert (head.status, head.headers["Allow"]) == (405, "GET")


async def test_two_who_read_an_unknown_post_share_its_crawl(
    api: Api, key: str, worker: Worker
) -> None:
    worker.delay_s = 0.2

    both = await asyncio.gather(read(api, key), api.extract(key))

    assert [answer.status for answer in both] == [200, 200]
    assert len(worker.crawled) == 1


async def test_the_file_is_chosen_as_in_an_extraction(
    api: Api, key: str, redis_client: Redis
) -> None:
    await put(redis_client, a_video())

    chosen = await read(api, key, f"{PATH}?quality=best&codec=h265")
    extracted = await api.extract(key, quality="best", codec="h265")
    wrong = await read(api, key, f"{PATH}?quality=good")

    assert {"quality=best", "codec=h265"} <= set(re.split("[?&]", chosen.body["video_url"]))
    assert _choice(chosen) == _choice(extracted)
    assert (wrong.status, wrong.body["error"]) == (400, "Invalid parameter")
    assert "'quality' must be 'best', 'smallest' or 'default'" in wrong.body["detail"]


def _choice(answer: Answer) -> set[str]:
    parts = re.split("[?&]", answer.body["video_url"])
    return {part for part in parts if not part.startswith(("exp=", "sig="))}
