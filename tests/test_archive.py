"""Real workers that crawl posts and keep their files: in a folder, and in a bucket."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from crawler.jobs.backlog import Backlog
from crawler.jobs.outcomes import Outcomes
from crawler.jobs.queue import Queue
from crawler.jobs.workers import WorkerKind, Workers
from crawler.links import Target, TargetType
from pipelines.documents.mongo import from_mongo
from pipelines.documents.video import Video
from tests.site import Site
from tests.site.media import content, size_of
from tests.workers import a_worker, until_ended

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document
    from tests.s3 import S3

ID = "7300000000000000001"
VIDEO = f"{ID}/video-h264-576x1024-965.mp4"
SUBTITLES = f"{ID}/subtitles-eng-US-ASR.vtt"


async def until(is_so: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(20):
        while not await is_so():
            await asyncio.sleep(0.02)


@dataclass
class Works:
    """A site, databases, and workers on them when a test starts them."""

    site: Site
    queue: Queue
    outcomes: Outcomes
    backlog: Backlog
    database: AsyncDatabase[Document]
    servers: dict[str, str]
    folder: Path

    @property
    def log(self) -> str:
        """What the worker of the archive has said."""
        return (self.folder / "archive.log").read_text()

    @contextlib.contextmanager
    def workers(self, *names: str, **variables: str) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for name in names:
                options = ["--archive"] if name == "archive" else []
                log = self.folder / f"{name}.log"
                given = {**self.servers, **variables}
                stack.enter_context(a_worker(*options, log=log, **given))
            yield

    async def crawl(self) -> None:
        target = Target(type=TargetType.VIDEO, value=ID)
        with self.outcomes.expect(target.key) as waiter:
            await self.queue.ask(target, flight_s=30)
            outcome = await waiter.wait(20)
        assert outcome is not None
        assert outcome.reason is None

    async def stored(self) -> Video:
        document = await self.database.videos.find_one({"_id": ID})
        assert document is not None
        return from_mongo(Video, document)

    async def change(self, **fields: object) -> None:
        await self.database.videos.update_one({"_id": ID}, {"$set": fields})

    async def kept(self) -> Video:
        """The post once nothing is left on the backlog."""

        async def is_done() -> bool:
            return await self.backlog.size() == 0

        await until(is_done)
        return await self.stored()

    async def keeps(self, path: str) -> bool:
        return path in {one.path for one in (await self.stored()).archive}

    async def has_said(self, words: str) -> bool:
        return words in self.log


@pytest.fixture
async def works(
    mongodb_uri: str,
    redis_url: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    tmp_path: Path,
) -> AsyncIterator[Works]:
    async with Site() as site, Outcomes(redis_client) as outcomes:
        await outcomes.until_subscribed()
        servers = {
            "mongodb_uri": mongodb_uri,
            "redis_url": redis_url,
            "site": site.url,
            "TIKTOK_MEDIA_HOSTS": site.url.removeprefix("http://"),
            "ARCHIVE_URL": str(tmp_path / "archive"),
        }
        queue, backlog = Queue(redis_client), Backlog(redis_client)
        yield Works(site, queue, outcomes, backlog, database, servers, tmp_path)


@contextlib.asynccontextmanager
async def slow_server() -> AsyncIterator[tuple[str, asyncio.Event, asyncio.Event]]:
    """A server whose file comes when the test says so; it tells when it was asked."""
    is_asked, may_go_on = asyncio.Event(), asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        is_asked.set()
        await may_go_on.wait()
        return web.Response(body=b"file", content_type="video/mp4")

    app = web.Application()
    app.router.add_get("/v.mp4", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port, *_ = runner.addresses[0]
    yield f"http://{host}:{port}", is_asked, may_go_on
    await runner.cleanup()


def expected() -> bytes:
    """The bytes of the post's default file, as the site gives them to its player."""
    size = size_of(ID, "normal_540_0.mp4")
    assert size is not None
    return b"".join(content(ID, 0, size))


async def test_a_post_is_kept_once_and_again_when_a_file_was_deleted(works: Works) -> None:
    folder = works.folder / "archive"
    with works.workers("crawl", "archive"):
        await works.crawl()
        video = await works.kept()

        kept = {one.path: one for one in video.archive}
        assert {VIDEO, SUBTITLES} <= set(kept), works.log
        assert (folder / VIDEO).read_bytes() == expected()
        assert kept[VIDEO].size == len(expected())
        assert kept[VIDEO].file == "video-h264-576x1024-965"
        assert kept[VIDEO].content_type == "video/mp4"
        assert not list(folder.rglob("*.part"))

        (folder / SUBTITLES).unlink()
        before = (folder / VIDEO).stat()
        await works.crawl()
        again = {one.path: one for one in (await works.kept()).archive}

        assert (folder / VIDEO).stat() == before
        assert again[VIDEO] == kept[VIDEO]
        assert again[SUBTITLES].archived_at > kept[SUBTITLES].archived_at
        assert set(again) == set(kept)


@pytest.mark.drill
async def test_a_post_is_kept_in_a_bucket(works: Works, s3: S3) -> None:
    bucket = s3.make_bucket("kept")
    address = {"ARCHIVE_URL": f"s3://{bucket}/media", **s3.variables}
    with works.workers("crawl", "archive", **address):
        await works.crawl()
        video = await works.kept()

        objects = s3.sizes(bucket)
        assert objects == {f"media/{one.path}": one.size for one in video.archive}
        assert objects[f"media/{VIDEO}"] == len(expected())

        head = s3.client.head_object(Bucket=bucket, Key=f"media/{VIDEO}")
        await works.crawl()
        await works.kept()
        again = s3.client.head_object(Bucket=bucket, Key=f"media/{VIDEO}")
        assert again["LastModified"] == head["LastModified"]
        assert head["ContentType"] == "video/mp4"


@pytest.mark.drill
async def test_posts_wait_for_a_worker_of_the_archive(works: Works) -> None:
    with works.workers("crawl"):
        await works.crawl()
    assert await works.backlog.size() == 1

    with works.workers("archive"):
        assert (await works.kept()).archive


@pytest.mark.drill
async def test_a_file_that_is_refused_is_tried_again_and_the_others_are_kept(
    works: Works,
) -> None:
    with works.workers("crawl"):
        await works.crawl()
    right = (await works.stored()).session
    assert right is not None
    await works.change(**{"session.cookie": "wrong"})

    with works.workers("archive"):
        await until(lambda: works.has_said("video-h264-576x1024-965: answered 403 text/html"))
        await until(lambda: works.keeps(SUBTITLES))
        assert await works.backlog.size() == 1

        await works.change(**{"session.cookie": right.cookie})
        await works.backlog.put_off([ID], for_s=0)
        assert {VIDEO, SUBTITLES} <= {one.path for one in (await works.kept()).archive}


@pytest.mark.drill
async def test_a_worker_that_is_killed_loses_nothing_and_one_that_is_asked_finishes(
    works: Works,
) -> None:
    with works.workers("crawl"):
        await works.crawl()
    async with slow_server() as (address, is_asked, may_go_on):
        host = address.removeprefix("http://")
        await works.change(media={"url": f"{address}/v.mp4", "watermark": False})
        await works.change(renditions=[], images=[], subtitles=[], **{"music.url": None})
        started = {**works.servers, "TIKTOK_MEDIA_HOSTS": host}
        log = works.folder / "archive.log"

        with a_worker("--archive", log=log, **started) as killed:
            await asyncio.wait_for(is_asked.wait(), 20)
            killed.kill()
        assert (await works.stored()).archive == []
        assert await works.backlog.size() == 1

        is_asked.clear()
        await works.backlog.put_off([ID], for_s=0)  # as the end of its lease would have it
        with a_worker("--archive", log=log, **started) as asked:
            await asyncio.wait_for(is_asked.wait(), 20)
            asked.terminate()
            await asyncio.sleep(0.1)
            may_go_on.set()
            assert await until_ended(asked, within_s=20) == 0
        assert [one.size for one in (await works.kept()).archive] == [4]


@pytest.mark.drill
async def test_hosts_off_the_list_are_not_asked_and_the_post_stays(works: Works) -> None:
    with works.workers("crawl", "archive", TIKTOK_MEDIA_HOSTS=".tiktok.com"):
        await works.crawl()
        video = await works.kept()

    assert video.archive == []
    assert f"post {ID} is not archived whole: video-h264-576x1024-965: media are not" in works.log


@pytest.mark.drill
async def test_the_worker_tells_of_itself_and_what_it_keeps(
    works: Works, redis_client: Redis
) -> None:
    workers = Workers(redis_client)

    async def has_told() -> bool:
        return (await workers.read()).counted.get("tiktok/archive/kept", 0) > 0

    with works.workers("crawl"):
        await works.crawl()
    pages = (await workers.read()).counted["response_received_count"]
    with works.workers("archive"):
        await until(has_told)
        told = await workers.read()
        (state,) = told.workers
        await works.kept()

    assert (state.kind, state.told_at > 0) == (WorkerKind.ARCHIVE, True)
    assert state.memory_bytes > 10_000_000
    assert told.counted["tiktok/archive/kept_bytes"] > 0
    assert told.counted["response_received_count"] == pages
    assert (await workers.read()).workers == ()
