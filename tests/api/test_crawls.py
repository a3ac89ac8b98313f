from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from crawler.jobs.collections import CRAWL_JOBS, CRAWL_TARGETS
from crawler.jobs.crawls import Crawls
from settings.plans import PlanName
from tests.api.crawling import CRAWLS, a_stage, deleted, error, make, posts, show
from tests.crawler.jobs.conducting import FIRST, stored, videos

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from crawler.jobs.records import Job, Outcome
    from services.mongodb import Document
    from tests.api.conftest import Answer, Api, Callers
    from tests.crawler.jobs.conducting import Stage


@pytest.fixture
async def stage(database: AsyncDatabase[Document], redis_client: Redis) -> Stage:
    return await a_stage(database, redis_client)


def the_first_is_deleted(job: Job) -> Outcome:
    return (deleted if job.target.value == str(FIRST) else stored)(job)


async def test_a_crawl_is_made_run_and_charged_by_item(
    api: Api, callers: Callers, stage: Stage
) -> None:
    _, key = await callers.make(PlanName.FREE)

    made = await make(api, key, posts(3), labels=["spring", "spring"])
    queued = await show(api, key, made.body["id"])
    await stage.run(await stage.crawls.get(made.body["id"]), the_first_is_deleted)
    ended = await show(api, key, made.body["id"])
    me = (await api.call("GET", "/api/v1/user/me", key=key)).body

    assert made.status == 202
    assert made.headers["Location"].endswith(f"{CRAWLS}/{made.body['id']}")
    assert made.headers["X-RateLimit-Remaining"] == "9"
    assert (made.body["state"], made.body["labels"]) == ("queued", ["spring"])
    assert {one["state"] for one in queued["targets"]} == {"waiting"}
    assert (ended["state"], ended["progress"], ended["next_cursor"]) == ("partial", 100.0, None)
    counts = ended["counts"]
    assert (counts["targets"], counts["pending"], counts["cancelled"]) == (3, 0, 0)
    assert (counts["succeeded"], counts["failed"], counts["items"]) == (2, 1, 2)
    assert [(one["number"], one["state"], one["reason"]) for one in ended["targets"]] == [
        (1, "failed", "video_deleted"),
        (2, "succeeded", None),
        (3, "succeeded", None),
    ]
    assert me["requests_used"] == 2


async def test_options_are_kept(api: Api, key: str, stage: Stage) -> None:
    options = {"limit": 5, "within_s": 60, "only_new": True, "max_age": 600, "labels": ["a b", "ö"]}
    dates = {"since": "2024-01-01", "until": "2024-02-01T01:00:00.5+01:00"}

    made = await make(api, key, [{"type": "user", "value": "@Some.One"}], **options, **dates)
    shown = await show(api, key, made.body["id"])

    assert {name: made.body[name] for name in options} == options
    assert [made.body[name] for name in dates] == ["2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"]
    assert shown["targets"][0]["value"] == "some.one"
    assert shown["targets"][0]["url"] == "https://www.tiktok.com/@some.one"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"targets": "all"}, "'targets' must be a list of 1 to 10000 objects"),
        ({"targets": []}, "'targets' is wrong: there are no targets"),
        ({"limit": 0}, "'limit' must be a whole number from 1"),
        ({"limit": "5"}, "'limit' must be a whole number from 1"),
        ({"since": "yesterday"}, "'since' must be a date"),
        ({"since": "2024-01-01T00:00:00"}, "'since' must be a date"),
        ({"since": "2024-01-02", "until": "2024-01-01"}, "'until' must be later than 'since'"),
        ({"within_s": 86401}, "'within_s' must be a whole number of seconds"),
        ({"only_new": 1}, "'only_new' must be true or false"),
        ({"max_age": -1}, "'max_age' must be a whole number of seconds"),
        ({"labels": "spring"}, "'labels' must be a list of at most 10"),
        ({"labels": [""]}, "'labels' must be a list of at most 10"),
        ({"labels": [str(one) for one in range(11)]}, "'labels' must be a list of at most 10"),
        ({"webhook": 5}, "'webhook' must be an address"),
        ({"webhook": "ftp://example.com/"}, "'webhook' must"),
        ({"webhook": "http://127.0.0.1/hook"}, "'webhook' must lead to the public internet"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_made(
    wrong: dict[str, Any], said: str, api: Api, key: str, database: AsyncDatabase[Document]
) -> None:
    answer = await api.call("POST", CRAWLS, key=key, json={"targets": posts(1), **wrong})

    assert error(answer) == (400, "Invalid parameter")
    assert said in answer.body["detail"]
    assert answer.headers["X-RateLimit-Remaining"] == "499"
    assert await database[CRAWL_TARGETS].count_documents({}) == 0


async def test_without_targets_one_is_told_so(api: Api, key: str) -> None:
    answer = await api.call("POST", CRAWLS, key=key, json={"limit": 5})

    assert error(answer) == (400, "Missing parameter")
    assert answer.body["detail"] == "The parameter 'targets' is required"


async def test_every_wrong_target_is_named(
    api: Api, key: str, database: AsyncDatabase[Document]
) -> None:
    targets = [
        *posts(1),
        {"type": "channel", "value": "x"},
        {"type": "user", "value": "no name"},
        {"type": "video", "value": 7106594312292453675},
        {"value": "x"},
        "https://www.tiktok.com/@someone",
    ]

    answer = await make(api, key, targets)
    many = await make(api, key, ["x"] * 500)

    assert error(answer) == (400, "Invalid parameter")
    assert "target 2: the type must be one of video, user" in answer.body["detail"]
    assert "4 more are wrong" in answer.body["detail"]
    told = {one["number"]: one["detail"] for one in answer.body["problems"]}
    assert list(told) == [2, 3, 4, 5, 6]
    assert told[3].startswith("expected a username such as @someone")
    assert told[4] == "the value must be a string; write ids in quotes"
    assert told[6] == "expected an object with 'type' and 'value'"
    assert len(many.body["problems"]) == 100
    assert await database[CRAWL_JOBS].count_documents({}) == 0


async def test_ten_thousand_targets_are_taken_and_joined_and_not_one_more(
    api: Api, key: str, stage: Stage, database: AsyncDatabase[Document]
) -> None:
    long = [{**one, "value": f"https://www.tiktok.com/@a/video/{one['value']}"} for one in posts(1)]

    most = await make(api, key, [*posts(9_999), *long])
    more = await make(api, key, posts(10_001))

    assert (most.status, most.body["counts"]["targets"]) == (202, 9_999)
    assert await database[CRAWL_TARGETS].count_documents({}) == 9_999
    assert error(more) == (400, "Invalid parameter")
    assert "more than 10000 targets" in more.body["detail"]


async def test_a_body_may_have_four_megabytes(api: Api, key: str, stage: Stage) -> None:
    async def sent(size: int) -> Answer:
        body = orjson.dumps({"targets": posts(1), "comment": "x" * size})
        return await api.call("POST", CRAWLS, key=key, data=BytesIO(body))

    large, larger = await sent(4_000_000), await sent(5_000_000)

    assert large.status == 202
    assert error(larger) == (413, "Payload too large")


async def test_targets_are_shown_a_page_at_a_time_and_by_state(
    api: Api, callers: Callers, stage: Stage
) -> None:
    _, key = await callers.make(PlanName.PRO)
    crawl = (await make(api, key, posts(5))).body["id"]
    await stage.run(await stage.crawls.get(crawl), the_first_is_deleted)

    first = await show(api, key, crawl, "?limit=3")
    rest = await show(api, key, crawl, f"?limit=3&cursor={first['next_cursor']}")
    failed = await show(api, key, crawl, "?state=failed")
    wrong = await api.call("GET", f"{CRAWLS}/{crawl}?cursor=nonsense", key=key)

    numbers = [one["number"] for page in (first, rest) for one in page["targets"]]
    assert numbers == [1, 2, 3, 4, 5]
    assert rest["next_cursor"] is None
    assert [one["number"] for one in failed["targets"]] == [1]
    assert error(wrong) == (400, "Invalid parameter")


async def test_crawls_are_listed_newest_first_by_state_and_label(
    api: Api, callers: Callers, stage: Stage
) -> None:
    _, key = await callers.make(PlanName.PRO)
    made = [(await make(api, key, posts(1), labels=[word])).body["id"] for word in "aab"]
    await stage.run(await stage.crawls.get(made[0]))

    async def listed(query: str) -> list[str]:
        answer = await api.call("GET", f"{CRAWLS}{query}", key=key)
        return [one["id"] for one in answer.body["crawls"]]

    first = (await api.call("GET", f"{CRAWLS}?limit=2", key=key)).body

    assert await listed("") == made[::-1]
    assert await listed("?label=a") == [made[1], made[0]]
    assert await listed("?state=succeeded&label=b") == [made[2]]
    assert await listed("?state=queued") == []
    assert await listed("?schedule=sched_1") == []
    assert [one["id"] for one in first["crawls"]] == [made[2], made[1]]
    assert await listed(f"?cursor={first['next_cursor']}") == [made[0]]
    wrong = await api.call("GET", f"{CRAWLS}?state=done", key=key)
    assert "'state' must be one of 'queued', 'running'" in wrong.body["detail"]


async def test_a_crawl_is_cancelled_once(api: Api, callers: Callers, stage: Stage) -> None:
    _, key = await callers.make(PlanName.PRO)
    crawl = (await make(api, key, posts(2))).body["id"]

    cancelled = await api.call("DELETE", f"{CRAWLS}/{crawl}", key=key)
    await stage.run(await stage.crawls.get(crawl))
    again = await api.call("DELETE", f"{CRAWLS}/{crawl}", key=key)

    assert (cancelled.status, cancelled.body["stop_reason"]) == (202, "cancelled")
    assert (again.status, again.body["state"]) == (200, "cancelled")
    assert again.body["counts"]["cancelled"] == 2


async def test_failed_targets_are_retried_and_nothing_is_paid_twice(
    api: Api, callers: Callers, stage: Stage
) -> None:
    _, key = await callers.make(PlanName.PRO)
    crawl = (await make(api, key, posts(3))).body["id"]
    path = f"{CRAWLS}/{crawl}/retry"

    early = await api.call("POST", path, key=key)
    await stage.run(await stage.crawls.get(crawl), the_first_is_deleted)
    retried = await api.call("POST", path, key=key)
    ended = await stage.run(await stage.crawls.get(crawl))
    late = await api.call("POST", path, key=key)

    assert error(early) == (409, "Retry not possible")
    assert (retried.status, retried.body["attempts"]) == (202, 2)
    assert retried.headers["Location"].endswith(crawl)
    assert (ended.state.value, ended.counts.items) == ("succeeded", 3)
    assert len(stage.done) == 4
    me = (await api.call("GET", "/api/v1/user/me", key=key)).body
    assert me["requests_used"] == 3
    assert error(late) == (409, "Retry not possible")
    assert "nothing to retry" in late.body["detail"]


async def test_another_accounts_crawl_and_the_operators_are_not_there(
    api: Api, callers: Callers, stage: Stage, database: AsyncDatabase[Document]
) -> None:
    _, key = await callers.make(PlanName.PRO)
    _, stranger = await callers.make(PlanName.PRO)
    theirs = (await make(api, key, posts(1))).body["id"]
    operators = (await Crawls(database).create(videos(1), owner=None)).id

    for crawl in (theirs, operators, "crawl_unknown"):
        for method, more in (("GET", ""), ("DELETE", ""), ("POST", "/retry")):
            answer = await api.call(method, f"{CRAWLS}/{crawl}{more}", key=stranger)
            assert error(answer) == (404, "Crawl not found")
    listed = await api.call("GET", CRAWLS, key=stranger)
    assert listed.body == {"crawls": [], "next_cursor": None}
    assert {(await api.call("GET", CRAWLS)).status, (await make(api, None, [])).status} == {401}
