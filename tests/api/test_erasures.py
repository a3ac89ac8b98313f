from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import pytest

from crawler.errors import Reason
from crawler.jobs.erasures.erasures import Erasures
from crawler.jobs.records import Outcome
from settings.secrets import erasure_key
from tests.api.conftest import VIDEO_ID

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.jobs.records import Job
    from services.mongodb import Document
    from tests.api.conftest import Api, Worker


@pytest.fixture
async def erased(api: Api, database: AsyncDatabase[Document]) -> None:
    """A user and a post that are not collected, of which the API has heard."""
    erasures = Erasures(database, partial(erasure_key, api.environment))
    await erasures.add(usernames=["someone", "mara.bakes"], video_ids=["7"])
    await asyncio.sleep(0.7)


@pytest.mark.usefixtures("erased")
async def test_what_is_not_collected_is_refused_before_a_crawl(
    api: Api, key: str, worker: Worker
) -> None:
    named = await api.extract(key)
    post = await api.extract(key, "https://www.tiktok.com/@_/video/7")
    profile, posts, counters = [
        await api.call("GET", f"/api/v1/users/mara.bakes{path}", key=key)
        for path in ("", "/videos", "/statistics")
    ]
    history = await api.call("GET", "/api/v1/videos/7/statistics", key=key)
    of_posts, of_users = (named, post, history), (profile, posts, counters)
    assert [one.body["error"] for one in of_posts] == ["Video not found"] * 3
    assert [one.body["error"] for one in of_users] == ["User not found"] * 3
    for answer in (*of_posts, *of_users):
        assert answer.status == 404
        assert answer.body["reason"] == "not_collected"
        assert answer.body["retryable"] is False
        assert answer.body["detail"] == "This service does not collect what was asked for"
    assert worker.crawled == []


async def test_what_turns_out_to_be_theirs_on_its_page_is_answered_alike_and_leaves_no_trace(
    api: Api, key: str, worker: Worker, database: AsyncDatabase[Document]
) -> None:
    async def drop(job: Job) -> Outcome:
        return Outcome(key=job.target.key, reason=Reason.NOT_COLLECTED)

    worker.outcome = drop
    for _ in range(2):
        answer = await api.extract(key)
        assert (answer.status, answer.body["reason"]) == (404, "not_collected")
    assert [job.target.value for job in worker.crawled] == [VIDEO_ID] * 2
    assert await worker.redis.keys("video:*") == []
