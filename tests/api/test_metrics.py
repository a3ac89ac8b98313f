from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api.metrics import Metrics
from api.scrape import BREAKER_STATES, Reading
from crawler.errors import Reason
from crawler.jobs.conducting.state import ConductorState, count_delivered, tell_of
from crawler.jobs.queue import Queue
from crawler.jobs.records import Lane, Outcome
from crawler.jobs.workers import Told, Workers, WorkerState
from crawler.links import Target, TargetType
from pipelines.documents.mongo import to_mongo
from services.memory import resident_bytes
from settings.env import Environment
from tests.api.conftest import LINK, VIDEO_ID, Api, Worker, a_video, serving
from tests.scrapes import Scraped, scrape

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

REQUESTS = "tiktok_http_requests_total"
SECONDS = "tiktok_http_request_duration_seconds"
EXTRACTIONS = "tiktok_extractions_total"
ROUTE = "/api/v1/video/extract"


def a_worker(name: str) -> WorkerState:
    return WorkerState(
        id=name, host="here", pid=7, started_at=5.0, memory_bytes=1000, in_hand=3, fetching=2
    )


async def test_requests_are_counted_by_template_and_status(api: Api, key: str) -> None:
    await api.extract(key, "nonsense")
    await api.extract(None)
    await api.call("GET", f"/api/v1/video/{VIDEO_ID}/stream")
    await api.call("GET", "/no/such/place-with-a-secret")
    await api.call("DELETE", "/health")
    await api.call("BREW", "/health")

    found = await scrape(api.session, api.url)

    assert found.value(REQUESTS, method="POST", route=ROUTE, status="400") == 1
    assert found.value(REQUESTS, method="POST", route=ROUTE, status="401") == 1
    assert found.value(REQUESTS, route="/api/v1/video/{id}/stream", status="403") == 1
    assert found.value(REQUESTS, route="none", method="none", status="404") == 1
    assert found.value(REQUESTS, route="none", method="none", status="405") == 1
    assert found.value(REQUESTS, route="none", method="none", status="400") == 1
    assert "secret" not in found.text
    assert "BREW" not in found.text


async def test_every_request_is_in_one_bucket_of_its_time(
    api: Api, key: str, worker: Worker
) -> None:
    worker.delay_s = 0.3
    await api.extract(key)
    await api.extract(key)

    found = await scrape(api.session, api.url)

    labels = {"route": ROUTE, "status": "200"}
    assert found.value(f"{SECONDS}_count", **labels) == 2
    assert found.value(f"{SECONDS}_bucket", le="0.25", **labels) == 1
    assert found.value(f"{SECONDS}_bucket", le="+Inf", **labels) == 2
    assert 0.3 <= found.value(f"{SECONDS}_sum", **labels) < 10


async def test_answers_are_counted_by_where_they_came_from(
    api: Api,
    key: str,
    worker: Worker,
    redis_client: Redis,
    database: AsyncDatabase[Document],
) -> None:
    other = "7106594312292453676"
    document = to_mongo(a_video(other))
    await database.videos.insert_one(document)
    await api.extract(key)
    await api.extract(key)
    await api.extract(key)
    await api.extract(key, LINK.replace(VIDEO_ID, other))

    found = await scrape(api.session, api.url)

    counted = {
        source: found.value(EXTRACTIONS, source=source) for source in ("cache", "store", "crawl")
    }
    assert counted == {"cache": 2, "store": 1, "crawl": 1}


async def test_it_shows_how_the_queue_stands(api: Api, redis_client: Redis) -> None:
    queue = Queue(redis_client, tries=1)
    await queue.prepare()
    targets = [Target(type=TargetType.VIDEO, value=str(10**18 + number)) for number in range(4)]
    for target in targets[:2]:
        await queue.ask(target, flight_s=5)
    profile = Target(type=TargetType.USER, value="someone")
    await queue.add([*targets, profile], run="run_1")
    taken, buried = await queue.take(Lane.BULK, 2, block_s=1)
    await queue.fail(buried, Outcome(key=buried.target.key, reason=Reason.UPSTREAM_ERROR))

    found = await scrape(api.session, api.url)

    assert found.value("tiktok_queue_waiting", lane="demand") == 2
    assert found.value("tiktok_queue_in_hand", lane="demand") == 0
    assert found.value("tiktok_queue_waiting", lane="bulk", fetcher="http") == 2
    assert found.value("tiktok_queue_in_hand", lane="bulk", fetcher="http") == 1, taken
    assert 0 < found.value("tiktok_queue_oldest_seconds", lane="bulk") < 60
    assert found.value("tiktok_queue_waiting", lane="bulk", fetcher="browser") == 1
    assert found.value("tiktok_queue_dead_letters") == 1


async def test_it_shows_how_crawls_stand(api: Api, redis_client: Redis) -> None:
    assert (await scrape(api.session, api.url)).value("tiktok_conductor_up") == 0
    state = ConductorState(host="here", pid=7, since=1.0, queued=2, running=3, flying=400)
    await tell_of(redis_client, state)
    await count_delivered(redis_client, 9)

    found = await scrape(api.session, api.url)

    assert found.value("tiktok_conductor_up") == 1
    assert found.value("tiktok_crawls", state="queued") == 2
    assert found.value("tiktok_crawls", state="running") == 3
    assert found.value("tiktok_crawl_targets_under_way") == 400
    assert found.value("tiktok_crawl_items_delivered_total") == 9


async def test_what_workers_count_only_grows(api: Api, redis_client: Redis) -> None:
    workers = Workers(redis_client)
    before = {"tiktok/verdict/served": 5, "tiktok/reason/captcha": 1, "item_scraped_count": 4}
    await workers.tell(a_worker("worker_1"), before)
    await workers.leave("worker_1")
    await workers.tell(
        a_worker("worker_2"), {"tiktok/verdict/served": 2, "tiktok/new/thing/there": 3}
    )

    found = await scrape(api.session, api.url)

    assert found.value("tiktok_crawl_pages_total", verdict="served") == 7
    assert found.value("tiktok_crawl_reasons_total", reason="captcha") == 1
    assert found.value("tiktok_crawl_items_stored_total") == 4
    assert found.value("tiktok_crawl_events_total", area="new", what="thing/there") == 3
    assert found.value("tiktok_workers") == 1
    assert found.labels("tiktok_worker_memory_bytes", "worker") == {"worker_2"}
    assert found.value("tiktok_worker_jobs_in_hand", worker="worker_2", host="here") == 3


async def test_databases_and_the_process_itself_are_shown(api: Api) -> None:
    found = await scrape(api.session, api.url)

    assert found.value("tiktok_redis_up") == 1
    assert found.value("tiktok_mongodb_up") == 1
    assert found.value("tiktok_uptime_percent") == 100
    assert found.value("tiktok_api_processes") == 1
    assert found.value("tiktok_http_connections") == 1
    assert 10_000_000 < found.value("tiktok_api_memory_bytes") <= 2 * resident_bytes()


@pytest.mark.hasty
@pytest.mark.parametrize(
    ("down", "nowhere", "gauge"),
    [
        ("redis_url", "redis://127.0.0.1:1", "tiktok_redis_up"),
        (
            "mongodb_uri",
            "mongodb://127.0.0.1:1/tiktok?directConnection=true",
            "tiktok_mongodb_up",
        ),
    ],
)
async def test_a_database_that_is_down_hides_nothing_else(
    environment: Environment, down: str, nowhere: str, gauge: str
) -> None:
    async with serving(environment.model_copy(update={down: nowhere})) as api:
        await api.call("GET", "/health/live")
        found = await scrape(api.session, api.url)

    assert found.value(gauge) == 0
    assert found.value("tiktok_redis_up") + found.value("tiktok_mongodb_up") == 1
    assert found.value(REQUESTS, route="/health/live", status="200") == 1


@pytest.mark.parametrize(
    ("settings", "headers", "status"),
    [
        ({}, {}, 200),
        ({"metrics_allow_networks": "10.0.0.0/8"}, {}, 403),
        # Through a proxy that nobody named: whoever it is, it is not this machine.
        ({}, {"X-Forwarded-For": "203.0.113.7"}, 403),
        ({}, {"X-Forwarded-For": "127.0.0.1"}, 403),
        ({}, {"Forwarded": "for=127.0.0.1"}, 403),
        ({"trusted_proxies": "127.0.0.0/8"}, {"X-Forwarded-For": "203.0.113.7"}, 403),
        ({"trusted_proxies": "127.0.0.0/8"}, {"X-Forwarded-For": "127.0.0.1, 203.0.113.7"}, 403),
        (
            {"trusted_proxies": "127.0.0.0/8", "metrics_allow_networks": "203.0.113.0/24"},
            {"X-Forwarded-For": "203.0.113.7"},
            200,
        ),
        (
            {"trusted_proxies": "127.0.0.0/8", "metrics_allow_networks": "10.0.0.0/8"},
            {"X-Forwarded-For": "::ffff:10.0.0.9"},
            200,
        ),
    ],
)
async def test_only_the_networks_that_are_named_may_read_them(
    environment: Environment, settings: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    named = Environment(**settings).model_dump(include=set(settings))
    async with serving(environment.model_copy(update=named)) as api:
        answer = await api.call("GET", "/metrics", headers=headers)

    assert answer.status == status
    if status == 403:
        assert answer.body == {
            "success": False,
            "error": "Forbidden",
            "detail": "Metrics are shown only to networks that METRICS_ALLOW_NETWORKS names",
        }


def test_the_breaker_of_an_egress_is_in_one_state() -> None:
    told = Told(workers=(), counted={})
    reading = Reading(
        mongodb_up=True,
        uptime_percent=100.0,
        told=told,
        breakers={"direct": "closed", "proxy-1": "open"},
    )
    found = Scraped(Metrics().write([reading]).decode())

    for egress, now in reading.breakers.items():
        for state in BREAKER_STATES:
            value = found.value("tiktok_egress_breaker", egress=egress, state=state)
            assert value == (state == now)
