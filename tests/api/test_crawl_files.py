from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import FormData

from crawler.jobs.collections import CRAWL_JOBS
from pipelines.documents.mongo import to_mongo
from settings.plans import PlanName
from tests.api.conftest import a_video
from tests.api.crawling import CRAWLS, a_stage, error, make, posts, show
from tests.crawler.jobs.conducting import FIRST

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document
    from tests.api.conftest import Answer, Api, Callers
    from tests.crawler.jobs.conducting import Stage

CSV = f"type,value\nvideo,{FIRST}\nuser,@someone\n"


@pytest.fixture
async def stage(database: AsyncDatabase[Document], redis_client: Redis) -> Stage:
    return await a_stage(database, redis_client)


async def send(api: Api, key: str, text: str, query: str = "", kind: str = "text/csv") -> Answer:
    headers = {"Content-Type": kind}
    return await api.call("POST", CRAWLS + query, key=key, data=text.encode(), headers=headers)


async def test_a_file_is_taken_with_options_in_the_query(api: Api, key: str, stage: Stage) -> None:
    query = "?limit=7&since=2024-01-01&only_new=true&labels=a&labels=b%20c&other=1"

    made = await send(api, key, CSV, query, "text/csv; charset=utf-8")
    shown = await show(api, key, made.body["id"])

    assert made.status == 202
    assert (made.body["limit"], made.body["only_new"]) == (7, True)
    assert (made.body["since"], made.body["labels"]) == ("2024-01-01T00:00:00Z", ["a", "b c"])
    assert [(one["type"], one["value"]) for one in shown["targets"]] == [
        ("video", str(FIRST)),
        ("user", "someone"),
    ]


async def test_a_form_is_taken_with_its_file(api: Api, key: str, stage: Stage) -> None:
    form = FormData()
    form.add_field("targets", CSV.encode(), filename="links.csv", content_type="text/csv")
    form.add_field("limit", "7")
    form.add_field("labels", "ä")

    made = await api.call("POST", f"{CRAWLS}?limit=8&max_age=60", key=key, data=form)

    assert made.status == 202
    assert (made.body["limit"], made.body["max_age"], made.body["labels"]) == (7, 60, ["ä"])
    assert made.body["counts"]["targets"] == 2


@pytest.mark.parametrize(
    ("text", "query", "said"),
    [
        (CSV + "user,a b\n", "", "'targets' is wrong: line 4: expected a username"),
        ("link\nx\n", "", "'targets' is wrong: line 1: expected a header"),
        (CSV, "?limit=many", "'limit' must be a whole number from 1"),
        (CSV, "?only_new=yes", "'only_new' must be true or false"),
        (CSV, "?limit=1%00", "'limit' must not contain control characters"),
        ("", "?targets=x", "'targets' is wrong: line 1: expected a header"),
    ],
)
async def test_what_is_wrong_with_a_file_is_named(
    text: str, query: str, said: str, *, api: Api, key: str, database: AsyncDatabase[Document]
) -> None:
    answer = await send(api, key, text, query)

    assert error(answer) == (400, "Invalid parameter")
    assert said in answer.body["detail"]
    assert await database[CRAWL_JOBS].count_documents({}) == 0


async def test_wrong_rows_are_named_by_their_lines(api: Api, key: str) -> None:
    answer = await send(api, key, CSV + "\nuser,a b\nsong,1\n")

    assert [(one["number"], one["line"]) for one in answer.body["problems"]] == [(3, 5), (4, 6)]


@pytest.mark.parametrize(
    "body",
    [
        "no form",
        '--x\r\nContent-Disposition: form-data; name="targets"\r\n\r\nunfinished',
        "--x\r\nContent-Disposition: form-data\r\n\r\nnameless\r\n--x--\r\n",
        '--x\r\nContent-Disposition: form-data; name="limit"\r\n\r\n\xff\r\n--x--\r\n',
    ],
)
async def test_a_broken_form_is_refused(body: str, api: Api, key: str) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    data = body.encode("latin-1")

    answer = await api.call("POST", CRAWLS, key=key, data=data, headers=headers)

    assert error(answer) == (400, "Invalid parameter")
    assert answer.body["detail"] == "The body is not a valid form"


async def test_a_form_without_a_file_lacks_it(api: Api, key: str) -> None:
    form = FormData()
    form.add_field("limit", "7", content_type="text/plain")

    answer = await api.call("POST", CRAWLS, key=key, data=form)

    assert error(answer) == (400, "Missing parameter")


async def test_what_json_says_counts_before_the_query(api: Api, key: str, stage: Stage) -> None:
    body = {"targets": posts(1), "limit": 3}

    made = await api.call("POST", f"{CRAWLS}?limit=4&max_age=5", key=key, json=body)

    assert (made.body["limit"], made.body["max_age"]) == (3, 5)


async def test_a_dry_run_tells_the_cost_and_makes_nothing(
    api: Api, callers: Callers, stage: Stage, database: AsyncDatabase[Document]
) -> None:
    _, key = await callers.make(PlanName.FREE)
    await database.videos.insert_one(to_mongo(a_video(str(FIRST))))
    targets: list[Any] = [*posts(3), *posts(2), {"type": "user", "value": "someone"}]

    open_ended = await make(api, key, targets, dry_run=True)
    bounded = await make(api, key, targets, dry_run=True, limit=20, max_age=600)
    in_query = await send(api, key, CSV, "?dry_run=true")
    wrong = await make(api, key, [{}], dry_run=True)

    assert (open_ended.status, open_ended.body["most_requests"]) == (200, None)
    assert bounded.body == {
        "dry_run": True,
        "targets": 4,
        "duplicates": 2,
        "stored": 1,
        "least_requests": 1,
        "most_requests": 23,
        "requests_remaining": 50,
    }
    assert (in_query.status, in_query.body["targets"]) == (200, 2)
    assert wrong.status == 400
    assert await database[CRAWL_JOBS].count_documents({}) == 0
    me = (await api.call("GET", "/api/v1/user/me", key=key)).body
    assert me["requests_used"] == 0


async def test_the_same_request_makes_one_crawl_even_if_its_answer_was_not_kept(
    api: Api, key: str, stage: Stage, redis_client: Redis, database: AsyncDatabase[Document]
) -> None:
    async def once(value: str, count: int = 2) -> Answer:
        return await api.call(
            *("POST", CRAWLS),
            key=key,
            json={"targets": posts(count)},
            headers={"Idempotency-Key": value},
        )

    first, replayed = await once("a"), await once("a")
    (kept,) = [name async for name in redis_client.scan_iter("once:*")]
    await redis_client.delete(kept)
    again, other, reused = await once("a"), await once("b"), await once("a", 3)

    assert replayed.headers["Idempotent-Replayed"] == "true"
    assert replayed.headers["Location"] == first.headers["Location"]
    assert "Idempotent-Replayed" not in again.headers
    assert {one.body["id"] for one in (first, replayed, again)} == {first.body["id"]}
    assert other.body["id"] != first.body["id"]
    assert error(reused) == (422, "Idempotency key reused")
    assert await database[CRAWL_JOBS].count_documents({}) == 2
