from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from crawler.jobs.collections import prepare as prepare_crawls
from crawler.jobs.crawl import CrawlOptions
from crawler.jobs.crawls import Crawls
from crawler.jobs.webhooks.collections import DELIVERIES, ENDPOINTS, SECRETS, prepare
from crawler.jobs.webhooks.endpoints import Endpoints
from crawler.jobs.webhooks.posting import signed_headers
from crawler.jobs.webhooks.webhooks import Webhooks
from crawler.links import Target, TargetType
from settings.plans import PlanName

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.jobs.crawl import Crawl
    from services.mongodb import Document
    from tests.api.conftest import Answer, Api, Callers

SECRET = "/api/v1/webhooks/secret"
ENDPOINTS_PATH = "/api/v1/webhooks/endpoints"
URL = "https://example.com/hook"
TARGET = Target(type=TargetType.VIDEO, value="7106594312292453675")


@pytest.fixture
async def prepared(database: AsyncDatabase[Document]) -> AsyncDatabase[Document]:
    await prepare_crawls(database)
    await prepare(database)
    return database


async def a_crawl(database: AsyncDatabase[Document], owner: str, *, deliveries: int = 0) -> Crawl:
    """A crawl that has ended that often."""
    crawl = await Crawls(database).create([TARGET], CrawlOptions(webhook=URL), owner=owner)
    webhooks = Webhooks(database, public_address="https://api.example.com")
    async with database.client.start_session() as session:
        for _ in range(deliveries):
            await session.with_transaction(lambda session: webhooks.due(crawl, session))
    return crawl


async def list_deliveries(api: Api, key: str, crawl: Crawl, query: str = "") -> list[Any]:
    answer = await api.call("GET", f"/api/v1/crawls/{crawl.id}/deliveries{query}", key=key)
    assert answer.status == 200, answer.body
    return list(answer.body["deliveries"])


async def redeliver(api: Api, key: str, crawl: Crawl, delivery: str) -> Answer:
    return await api.call(
        "POST", f"/api/v1/crawls/{crawl.id}/deliveries/{delivery}/redeliver", key=key
    )


def error(answer: Answer) -> tuple[int, str]:
    assert answer.body["success"] is False
    return answer.status, answer.body["error"]


def verifies(secret: str, secrets: list[str]) -> bool:
    """Whether a receiver with this secret takes what is signed with those."""
    body = '{"type":"crawl.succeeded"}'
    headers = signed_headers(body, message_id="msg_1", secrets=secrets, at=datetime.now(UTC))
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


async def test_the_secret_is_shown_again_and_is_the_accounts_own(
    api: Api, callers: Callers, prepared: AsyncDatabase[Document]
) -> None:
    _, key = await callers.make(PlanName.FREE)
    _, other = await callers.make(PlanName.FREE)

    first, again = [await api.call("GET", SECRET, key=key) for _ in range(2)]

    assert (first.status, first.headers["Cache-Control"]) == (200, "no-store")
    assert first.body == again.body
    assert (first.body["previous"], first.body["previous_until"]) == (None, None)
    assert verifies(first.body["secret"], [first.body["secret"]])
    assert (await api.call("GET", SECRET, key=other)).body["secret"] != first.body["secret"]
    assert again.headers["X-RateLimit-Remaining"] == "8"


async def test_a_rotated_secret_signs_beside_the_old_one_until_the_overlap_ends(
    api: Api, key: str, prepared: AsyncDatabase[Document]
) -> None:
    old = (await api.call("GET", SECRET, key=key)).body["secret"]

    rotated = await api.call("POST", f"{SECRET}/rotate", key=key, json={"overlap_s": 60})

    assert rotated.status == 201
    assert (rotated.body["previous"], rotated.body["previous_until"][-1]) == (old, "Z")
    both = [rotated.body["secret"], old]
    assert all(verifies(one, both) for one in both)
    assert (await api.call("GET", SECRET, key=key)).body == rotated.body
    early = await api.call("POST", f"{SECRET}/rotate", key=key, json={})
    assert error(early) == (409, "Secret not usable")
    assert rotated.body["previous_until"] in early.body["detail"]
    over = await api.call("POST", f"{SECRET}/rotate", key=key, json={"overlap_s": 0})
    assert (over.status, over.body["previous"]) == (201, None)
    assert over.body["secret"] not in both


async def test_a_secret_that_cannot_be_read_any_more_is_rotated(
    api: Api, key: str, prepared: AsyncDatabase[Document]
) -> None:
    await api.call("GET", SECRET, key=key)
    await prepared[SECRETS].update_one({}, {"$set": {"sealed": b"with another SECRET_KEY"}})

    unreadable = await api.call("GET", SECRET, key=key)
    rotated = await api.call("POST", f"{SECRET}/rotate", key=key, json={})

    assert error(unreadable) == (409, "Secret not usable")
    assert "rotate" in unreadable.body["detail"]
    assert (rotated.status, rotated.body["previous"]) == (201, None)


@pytest.mark.parametrize("overlap_s", [-1, 2_592_001, "60", 1.5, None, True])
async def test_a_wrong_overlap_is_refused(
    api: Api, key: str, prepared: AsyncDatabase[Document], overlap_s: object
) -> None:
    answer = await api.call("POST", f"{SECRET}/rotate", key=key, json={"overlap_s": overlap_s})

    assert error(answer) == (400, "Invalid parameter")
    assert "'overlap_s' must be a number of seconds from 0 to 2592000" in answer.body["detail"]


async def test_deliveries_are_listed_a_page_at_a_time(
    api: Api, callers: Callers, prepared: AsyncDatabase[Document]
) -> None:
    account, key = await callers.make(PlanName.PRO)
    crawl = await a_crawl(prepared, account.id, deliveries=3)

    path = f"/api/v1/crawls/{crawl.id}/deliveries"
    first = (await api.call("GET", f"{path}?limit=2", key=key)).body
    rest = (await api.call("GET", f"{path}?cursor={first['next_cursor']}", key=key)).body

    assert [len(page["deliveries"]) for page in (first, rest)] == [2, 1]
    assert rest["next_cursor"] is None
    shown = [one for page in (first, rest) for one in page["deliveries"]]
    assert len({one["id"] for one in shown}) == 3
    assert {(one["crawl_id"], one["url"], one["state"]) for one in shown} == {
        (crawl.id, URL, "waiting")
    }
    wrong = await api.call("GET", f"{path}?cursor=nonsense", key=key)
    assert error(wrong) == (400, "Invalid parameter")


async def test_the_log_shows_each_attempt(
    api: Api, callers: Callers, prepared: AsyncDatabase[Document]
) -> None:
    account, key = await callers.make(PlanName.PRO)
    crawl = await a_crawl(prepared, account.id, deliveries=1)
    attempt = {"status": 502, "error": "status", "duration_ms": 41, "response": "Bad gateway"}
    at = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
    log = {"$push": {"attempts": {"at": at, **attempt}}}
    await prepared[DELIVERIES].update_one({}, log)

    (delivery,) = await list_deliveries(api, key, crawl)

    assert delivery["attempts"] == [{"at": "2024-01-15T10:30:00Z", **attempt}]


async def test_a_delivery_is_sent_again_with_the_same_id_and_body(
    api: Api, callers: Callers, prepared: AsyncDatabase[Document]
) -> None:
    account, key = await callers.make(PlanName.PRO)
    crawl = await a_crawl(prepared, account.id, deliveries=1)
    ended = {"state": "delivered", "next_at": None, "ended_at": datetime.now(UTC), "tries": 1}
    await prepared[DELIVERIES].update_one({}, {"$set": ended})
    (before,) = await list_deliveries(api, key, crawl)

    again = await redeliver(api, key, crawl, before["id"])

    assert (again.status, again.body["state"], again.body["ended_at"]) == (202, "waiting", None)
    assert (again.body["id"], again.body["body"]) == (before["id"], before["body"])
    assert (await prepared[DELIVERIES].find_one())["tries"] == 0  # type: ignore[index]


async def test_what_is_being_sent_or_goes_to_an_endpoint_that_is_off_is_not_sent_again(
    api: Api, callers: Callers, prepared: AsyncDatabase[Document]
) -> None:
    account, key = await callers.make(PlanName.PRO)
    crawl = await a_crawl(prepared, account.id, deliveries=1)
    (delivery,) = await list_deliveries(api, key, crawl)
    later = datetime(2099, 1, 1, tzinfo=UTC)
    await prepared[DELIVERIES].update_one({}, {"$set": {"lease": "a sender", "next_at": later}})

    busy = await redeliver(api, key, crawl, delivery["id"])
    await Endpoints(prepared).failed(account.id, URL, is_gone=True)
    off = await redeliver(api, key, crawl, delivery["id"])

    assert error(busy) == error(off) == (409, "Delivery not possible")
    assert "at this moment" in busy.body["detail"]
    assert delivery["endpoint_id"] in off.body["detail"]


async def test_another_accounts_crawl_and_an_unknown_delivery_are_not_found(
    api: Api, callers: Callers, prepared: AsyncDatabase[Document]
) -> None:
    account, _ = await callers.make(PlanName.PRO)
    _, stranger = await callers.make(PlanName.PRO)
    own, key = await callers.make(PlanName.PRO)
    crawl = await a_crawl(prepared, account.id, deliveries=1)
    mine = await a_crawl(prepared, own.id)
    (delivery,) = await prepared[DELIVERIES].find().to_list()

    listed = await api.call("GET", f"/api/v1/crawls/{crawl.id}/deliveries", key=stranger)
    sent = await redeliver(api, stranger, crawl, delivery["_id"])
    moved = await redeliver(api, key, mine, delivery["_id"])

    assert error(listed) == error(sent) == (404, "Crawl not found")
    assert error(moved) == (404, "Delivery not found")


async def test_an_endpoint_that_is_off_is_listed_and_switched_on(
    api: Api, callers: Callers, prepared: AsyncDatabase[Document]
) -> None:
    account, key = await callers.make(PlanName.PRO)
    _, stranger = await callers.make(PlanName.PRO)
    endpoints = Endpoints(prepared)
    await endpoints.failed(account.id, URL, is_gone=True)
    await endpoints.succeeded(account.id, "https://example.com/other")

    listed = await api.call("GET", ENDPOINTS_PATH, key=key)
    off = next(one for one in listed.body["endpoints"] if one["off_since"])
    path = f"{ENDPOINTS_PATH}/{off['id']}/enable"
    foreign = await api.call("POST", path, key=stranger)
    on = await api.call("POST", path, key=key)

    assert len(listed.body["endpoints"]) == 2
    assert (off["url"], off["off_reason"]) == (URL, "gone")
    assert error(foreign) == (404, "Webhook endpoint not found")
    assert (on.status, on.body["off_since"], on.body["off_reason"]) == (200, None, None)
    assert not await endpoints.is_off(off["id"])
    assert await prepared[ENDPOINTS].count_documents({}) == 2


async def test_only_callers_with_a_key_see_any_of_it(api: Api) -> None:
    paths = (SECRET, ENDPOINTS_PATH, "/api/v1/crawls/crawl_1/deliveries")

    assert {(await api.call("GET", path)).status for path in paths} == {401}
