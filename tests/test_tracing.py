"""One trace from the request to the stored document, through real processes."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from crawler.jobs.queue import Queue
from crawler.jobs.records import Lane
from crawler.jobs.workers import Workers
from crawler.links import Target, TargetType
from services import tracing
from tests.api.conftest import EXTRACT, callers, environment, key, serving
from tests.collector import Collector
from tests.site import Site
from tests.workers import a_worker

if TYPE_CHECKING:
    from pathlib import Path

    from redis.asyncio import Redis

    from settings.env import Environment
    from tests.collector import Told

__all__ = ["callers", "environment", "key"]

pytestmark = pytest.mark.drill

ID = "7300000000000000001"
LINK = f"https://www.tiktok.com/@someone/video/{ID}"
CALLER_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER_SPAN = "00f067aa0ba902b7"
REQUEST = "POST /api/v1/video/extract"
STAGES = ("queue wait", "fetch page", "normalize", "store", "publish")


async def test_one_trace_leads_from_the_request_to_the_stored_document(
    environment: Environment, key: str, redis_client: Redis, tmp_path: Path
) -> None:
    async with Collector() as collector, Site() as site:
        settings = environment.model_copy(update={"otel_exporter_otlp_endpoint": collector.url})
        with a_worker(
            mongodb_uri=environment.mongodb_uri or "",
            redis_url=environment.redis_url or "",
            site=site.url,
            log=tmp_path / "log",
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        ):
            while not (await Workers(redis_client).read()).workers:
                await asyncio.sleep(0.05)
            async with serving(settings) as api:
                answer = await api.call(
                    "POST",
                    EXTRACT,
                    key=key,
                    json={"url": LINK},
                    headers={"traceparent": f"00-{CALLER_TRACE}-{CALLER_SPAN}-01"},
                )
                again = await api.extract(key, LINK)
            told = await collector.until_told(*STAGES, "crawl")

    assert (answer.status, again.status) == (200, 200)
    ours = {span.name: span for span in collector.spans if span.trace_id == CALLER_TRACE}
    assert set(ours) == {REQUEST, "admit", "crawl", *STAGES, "answer"}
    assert told["crawl"].trace_id == CALLER_TRACE
    assert ours[REQUEST].parent_id == CALLER_SPAN
    for name in ("admit", "crawl", "answer"):
        assert (ours[name].parent_id, ours[name].process) == (ours[REQUEST].span_id, "tiktok-api")
    for name in STAGES:
        assert ours[name].parent_id == ours["crawl"].span_id, name
        assert ours[name].process == "tiktok-worker", name
        assert ours[name].attributes["tiktok.job_id"].startswith("job_"), name
    assert in_order(ours["admit"], *(ours[name] for name in STAGES), ours["answer"])
    assert ours[REQUEST].attributes == {
        "http.request.method": "POST",
        "http.route": "/api/v1/video/extract",
        "http.response.status_code": "200",
        "tiktok.request_id": answer.headers["X-Request-ID"],
    }
    # The second request has a trace of its own, and needed no crawl.
    others = {span.name for span in collector.spans if span.trace_id != CALLER_TRACE}
    assert others == {REQUEST, "admit"}
    link = answer.body["video_url"].partition("?")[2].encode()
    for secret in (key.encode(), link, b"tt_chain_token", b"signature"):
        assert secret
        assert secret not in collector.raw


async def test_a_failure_leaves_the_name_of_its_type_and_no_word_of_its_text(
    environment: Environment,
) -> None:
    async with Collector() as collector:
        async with tracing.tracing(collector.url, process="test"):
            with (
                pytest.raises(ValueError, match="secret"),
                tracing.span("outer", url="", tries=2),
                tracing.span("inner"),
            ):
                raise ValueError("secret")
        told = await collector.until_told("outer", "inner")

    assert told["inner"].parent_id == told["outer"].span_id
    assert told["inner"].attributes == {"error.type": "ValueError"}
    assert told["outer"].attributes == {"error.type": "ValueError", "tiktok.tries": "2"}
    assert b"secret" not in collector.raw


@pytest.mark.parametrize(
    "parent",
    ["", "nonsense", f"00-{'0' * 32}-{CALLER_SPAN}-01", f"00-{CALLER_TRACE}-{'0' * 16}-01"],
)
async def test_a_caller_without_a_valid_trace_has_a_new_one(parent: str) -> None:
    async with Collector() as collector:
        async with tracing.tracing(collector.url, process="test"):
            with tracing.span("request", parent=parent):
                assert tracing.traceparent().startswith("00-")
        told = await collector.until_told("request")

    assert told["request"].parent_id == ""
    assert told["request"].trace_id != CALLER_TRACE


async def test_a_collector_that_is_away_delays_no_span_and_no_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracing, "_EXPORT_S", 0.1)
    async with tracing.tracing("http://127.0.0.1:1", process="test"):
        with tracing.span("unheard"):
            pass

    assert not tracing.is_on()


async def test_a_job_bears_no_trace_when_none_is_told(redis_client: Redis) -> None:
    queue = Queue(redis_client)
    await queue.prepare()
    await queue.ask(Target(type=TargetType.VIDEO, value=ID), flight_s=5)

    (job,) = await queue.take(Lane.DEMAND, 1, block_s=1)
    assert job.traceparent == ""
    assert "traceparent" not in job.to_fields()


def in_order(*spans: Told) -> bool:
    return all(one.began_ns <= other.began_ns for one, other in pairwise(spans))
