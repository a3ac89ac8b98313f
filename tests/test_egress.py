"""Walls, proxies and pauses with real workers, a real Valkey and the site."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from cli.ports import free_port
from crawler.egress.names import DIRECT, egresses_of
from crawler.egress.states import Breaker, state_key, states
from crawler.errors import Reason
from crawler.jobs.outcomes import Outcomes
from crawler.jobs.queue import DEAD_LETTERS, BarredError, Queue
from crawler.jobs.records import Lane, Outcome
from crawler.links import Target, TargetType
from tests.api.certificates import write_certificate
from tests.proxy import Proxy, pump
from tests.site import Site
from tests.workers import a_worker, start_worker

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

START = 7_300_000_000_000_000_001
HASTE = {"BACKOFF_FIRST_S": "0.3", "BACKOFF_MAX_S": "0.6"}


def video(number: int) -> Target:
    return Target(type=TargetType.VIDEO, value=str(START + 1000 * number))


def videos(count: int) -> list[Target]:
    return [video(number) for number in range(count)]


@dataclass
class Ground:
    site: Site
    queue: Queue
    outcomes: Outcomes
    redis: Redis
    database: AsyncDatabase[Document]
    places: dict[str, Any]

    def worker(self, **variables: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
        return a_worker(**(self.places | variables))

    async def crawl(self, target: Target, *, queue: Queue | None = None) -> Outcome:
        with self.outcomes.expect(target.key) as waiter:
            await (queue or self.queue).ask(target, flight_s=30)
            outcome = await waiter.wait(20)
        assert outcome is not None
        return outcome

    async def run(self, targets: list[Target], run: str = "run_1") -> list[Outcome]:
        await self.queue.add(targets, run=run)
        async with asyncio.timeout(30):
            return [one async for one in self.queue.outcomes(run, count=len(targets))]


@pytest.fixture
async def ground(
    mongodb_uri: str,
    redis_url: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    tmp_path: Path,
) -> AsyncIterator[Ground]:
    async with Site() as site, Outcomes(redis_client) as outcomes:
        await outcomes.until_subscribed()
        places = {
            "mongodb_uri": mongodb_uri,
            "redis_url": redis_url,
            "site": site.url,
            "log": tmp_path / "log",
        }
        queue = Queue(redis_client, egresses=[DIRECT])
        yield Ground(site, queue, outcomes, redis_client, database, places)


@asynccontextmanager
async def two_proxies() -> AsyncIterator[tuple[Proxy, Proxy, str]]:
    async with Proxy(user="ann") as one, Proxy(user="bob") as two:
        yield one, two, f"{one.url},{two.url}"


@asynccontextmanager
async def in_tls(site: Site, certificate: Path, key: Path) -> AsyncIterator[str]:
    """Host and port where the site is to be had in TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    plain = urlsplit(site.url)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, there = await asyncio.open_connection(plain.hostname, plain.port)
        await asyncio.gather(pump(reader, there), pump(upstream, writer))

    async with await asyncio.start_server(pass_on, "127.0.0.1", 0, ssl=context) as server:
        host, port = server.sockets[0].getsockname()
        yield f"{host}:{port}"


@pytest.mark.drill
async def test_five_blocks_close_the_service_until_a_probe_is_served(ground: Ground) -> None:
    ground.site.behave("*", "captcha")
    with ground.worker():
        for number in range(5):
            outcome = await ground.crawl(video(number))
            assert outcome.reason is Reason.CAPTCHA
            assert outcome.retry_after_s is not None
            assert 54 <= outcome.retry_after_s <= 66
        asked = ground.site.requests.paths.total()
        with pytest.raises(BarredError) as barred:
            await ground.crawl(video(9))
        assert barred.value.reason is Reason.UPSTREAM_BLOCKED
        told = await ground.crawl(video(8), queue=Queue(ground.redis))
        assert told.reason is Reason.UPSTREAM_BLOCKED
        assert ground.site.requests.paths.total() == asked
        assert (await states(ground.redis, [DIRECT]))[DIRECT].breaker is Breaker.OPEN

        ground.site.behave("*", "served")
        await ground.redis.hset(state_key(DIRECT), "until", 1)  # as if the time had passed
        async with asyncio.timeout(10):
            while (await ground.crawl(video(9))).reason is not None:
                await asyncio.sleep(0.1)

        assert (await states(ground.redis, [DIRECT]))[DIRECT].breaker is Breaker.CLOSED


@pytest.mark.drill
async def test_odd_links_close_nothing(ground: Ground) -> None:
    odd = [303, 305, 313, 334, 500, 502, 601, 602, 603, 607, 608, 107, 330]
    with ground.worker():
        for number in odd:
            target = Target(type=TargetType.VIDEO, value=f"70000000000000{number:03d}00")
            assert (await ground.crawl(target)).reason is not None

        state = (await states(ground.redis, [DIRECT]))[DIRECT]

    assert (state.breaker, state.blocks) == (Breaker.CLOSED, 0)


async def test_a_blocked_target_alone_is_postponed(ground: Ground) -> None:
    walled = Target(type=TargetType.VIDEO, value="7000000000000010200")
    with ground.worker():
        assert (await ground.crawl(walled)).reason is Reason.CAPTCHA
        with pytest.raises(BarredError) as barred:
            await ground.crawl(walled)
        assert barred.value.reason is Reason.CAPTCHA
        assert 50 < barred.value.retry_after_s < 67

        assert (await ground.crawl(video(1))).reason is None

    assert ground.site.requests.keys[walled.value] == 1


@pytest.mark.drill
async def test_a_bulk_run_waits_behind_a_wall_and_loses_nothing(ground: Ground) -> None:
    targets = videos(40)
    ground.site.behave("*", "captcha", times=25)
    with ground.worker(**HASTE, EGRESS_CONCURRENCY="8", JOB_ATTEMPTS="50"):
        ended = await ground.run(targets)

    assert {one.video_id for one in ended} == {target.value for target in targets}
    assert await ground.redis.xlen(DEAD_LETTERS) == 0
    assert (await ground.queue.depth(Lane.BULK)).put_off == 0


@pytest.mark.drill
async def test_workers_killed_behind_a_wall_lose_nothing(ground: Ground) -> None:
    targets = videos(20)
    ground.site.behave("*", "captcha")
    haste = HASTE | {"EGRESS_CONCURRENCY": "8", "JOB_ATTEMPTS": "50"}
    doomed = start_worker(**(ground.places | haste))
    running = asyncio.create_task(ground.run(targets))
    while ground.site.requests.paths.total() < 8:
        await asyncio.sleep(0.02)
    doomed.kill()
    await asyncio.to_thread(doomed.wait)
    ground.site.behave("*", "served")
    with ground.worker(**haste):
        ended = await running

    assert {one.video_id for one in ended} == {target.value for target in targets}
    found = [one["_id"] async for one in ground.database.videos.find({}, {"_id": 1})]
    assert sorted(found) == [target.value for target in targets]


@pytest.mark.drill
async def test_a_bulk_target_that_stays_blocked_is_given_up_with_its_reason(
    ground: Ground,
) -> None:
    walled = Target(type=TargetType.VIDEO, value="7000000000000010200")
    with ground.worker(**HASTE):
        ended = await ground.run([walled, *videos(5)])

    reasons = {one.key: one.reason for one in ended}
    assert reasons.pop(walled.key) is Reason.CAPTCHA
    assert set(reasons.values()) == {None}
    assert ground.site.requests.keys[walled.value] == 3


@pytest.mark.drill
async def test_proxies_take_turns_and_files_remember_theirs(ground: Ground) -> None:
    async with two_proxies() as (one, two, urls):
        with ground.worker(PROXY_URLS=urls):
            for target in videos(6):
                assert (await ground.crawl(target)).reason is None

        assert one.seen.total() == two.seen.total() == 3
        stored = [each["session"]["egress"] async for each in ground.database.videos.find()]
        assert set(stored) == set(egresses_of(urls.split(",")))
    assert "s3cret" not in ground.places["log"].read_text()


async def test_pages_in_https_come_through_the_tunnel_of_a_proxy(
    ground: Ground, tmp_path: Path
) -> None:
    certificate, key = write_certificate(tmp_path, "localhost")
    async with Proxy() as proxy, in_tls(ground.site, certificate, key) as site:
        with ground.worker(
            PROXY_URLS=proxy.url, SSL_CERT_FILE=str(certificate), site=f"https://{site}"
        ):
            assert (await ground.crawl(video(0))).reason is None

        assert proxy.seen == {site: 1}
    assert "s3cret" not in ground.places["log"].read_text()


@pytest.mark.drill
async def test_a_site_that_nobody_vouches_for_is_told_nothing_through_a_tunnel(
    ground: Ground, tmp_path: Path
) -> None:
    async with Proxy() as proxy, in_tls(ground.site, *write_certificate(tmp_path, "a")) as site:
        with ground.worker(PROXY_URLS=proxy.url, site=f"https://{site}"):
            assert (await ground.crawl(video(0))).reason is Reason.UPSTREAM_ERROR

    assert not ground.site.requests.paths


@pytest.mark.drill
async def test_all_hops_of_a_short_link_leave_through_one_proxy(ground: Ground) -> None:
    async with two_proxies() as (one, two, urls):
        with ground.worker(PROXY_URLS=urls):
            outcome = await ground.crawl(Target(type=TargetType.SHORT, value="ZMhops3"))

        assert outcome.reason is None
        assert sorted((one.seen.total(), two.seen.total())) == [0, 5]


@pytest.mark.drill
async def test_a_blocked_proxy_is_left_out_and_others_go_on(ground: Ground) -> None:
    async with two_proxies() as (one, two, urls):
        names = list(egresses_of(urls.split(",")))
        with ground.worker(PROXY_URLS=urls, BREAKER_BLOCKS="1"):
            ground.site.behave("*", "captcha", times=1)
            assert (await ground.crawl(video(0))).reason is Reason.CAPTCHA
            for number in range(1, 5):
                assert (await ground.crawl(video(number))).reason is None

        found = await states(ground.redis, names)
        assert [found[name].breaker for name in names] == [Breaker.OPEN, Breaker.CLOSED]
        assert (one.seen.total(), two.seen.total()) == (1, 4)


async def test_a_proxy_that_is_away_is_left_out_and_others_go_on(ground: Ground) -> None:
    async with Proxy() as proxy:
        away = f"http://127.0.0.1:{free_port()}"
        with ground.worker(PROXY_URLS=f"{away},{proxy.url}", BREAKER_BLOCKS="2"):
            for number in range(8):
                assert (await ground.crawl(video(number))).reason is None

        of_away, of_proxy = egresses_of([away, proxy.url])
        found = await states(ground.redis, [of_away, of_proxy])
    assert (found[of_away].breaker, found[of_away].reason) == (Breaker.OPEN, Reason.UPSTREAM_ERROR)
    assert found[of_proxy].breaker is Breaker.CLOSED
    assert ground.places["log"].read_text().count("upstream_error") == 2


async def test_a_proxy_that_wants_another_password_is_an_error_without_the_password(
    ground: Ground,
) -> None:
    async with Proxy() as proxy:
        wrong = proxy.url.replace("s3cret%3A%26", "wr0ng")
        with ground.worker(PROXY_URLS=wrong):
            outcome = await ground.crawl(video(1))

        assert proxy.refused == 3
    assert outcome.reason is Reason.UPSTREAM_ERROR
    assert "wr0ng" not in f"{outcome}{ground.places['log'].read_text()}"
    letters: Any = await ground.redis.xrange(DEAD_LETTERS)
    assert "wr0ng" not in str(letters)


@pytest.mark.drill
async def test_bulk_pages_of_one_egress_are_apart(ground: Ground) -> None:
    with (
        ground.worker(EGRESS_DELAY_S="0.3"),
        ground.worker(EGRESS_DELAY_S="0.3"),
    ):
        await ground.run(videos(6))

    moments = [seen.at for seen in ground.site.requests.recent]
    # Five pauses lie between six pages, whoever asked for them; each worker's first may be late.
    assert moments[-1] - moments[0] > 0.6


@pytest.mark.drill
async def test_autothrottle_spreads_pages_by_their_latency(ground: Ground) -> None:
    ground.site.orders.latency_ms = 200
    throttled = {"AUTOTHROTTLE_ENABLED": "true", "AUTOTHROTTLE_TARGET_CONCURRENCY": "1"}
    with ground.worker(**throttled):
        await ground.crawl(video(0))
        await ground.run(videos(5))

    moments = [seen.at for seen in ground.site.requests.recent][1:]
    # Without it all five leave at once: no page waits for another.
    assert moments[-1] - moments[0] > 0.2


@pytest.mark.drill
async def test_workers_together_keep_to_the_concurrency_of_an_egress(ground: Ground) -> None:
    ground.site.orders.latency_ms = 150
    settings = {"EGRESS_CONCURRENCY": "4"}
    with ground.worker(**settings), ground.worker(**settings):
        await ground.run(videos(40))
    spans = sorted(seen.at for seen in ground.site.requests.recent)
    # Who came within less than the latency was under way together.
    most = max(sum(moment <= other < moment + 0.14 for other in spans) for moment in spans)
    assert 2 <= most <= 4
