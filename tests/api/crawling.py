"""An API beside a conductor that is turned by hand, and what tests of crawls ask of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accounts import collections as of_accounts
from crawler.errors import Reason
from crawler.jobs.collections import prepare
from crawler.jobs.records import Outcome
from crawler.jobs.webhooks import collections as of_webhooks
from tests.crawler.jobs.conducting import FIRST, Stage

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from crawler.jobs.records import Job
    from services.mongodb import Document
    from tests.api.conftest import Answer, Api

CRAWLS = "/api/v1/crawls"


async def a_stage(database: AsyncDatabase[Document], redis: Redis) -> Stage:
    for each in (of_accounts.prepare, prepare, of_webhooks.prepare):
        await each(database)
    return await Stage.set(database, redis)


def posts(count: int) -> list[dict[str, str]]:
    return [{"type": "video", "value": str(FIRST + number)} for number in range(count)]


def deleted(job: Job) -> Outcome:
    return Outcome(key=job.target.key, reason=Reason.VIDEO_DELETED)


async def make(api: Api, key: str | None, targets: Any, **more: Any) -> Answer:
    return await api.call("POST", CRAWLS, key=key, json={"targets": targets, **more})


async def show(api: Api, key: str, crawl_id: str, query: str = "") -> Any:
    answer = await api.call("GET", f"{CRAWLS}/{crawl_id}{query}", key=key)
    assert answer.status == 200, answer.body
    return answer.body


def error(answer: Answer) -> tuple[int, str]:
    assert answer.body["success"] is False
    return answer.status, answer.body["error"]
