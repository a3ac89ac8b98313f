"""Links that give what the archive holds: from a folder, and from a bucket."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from api.links import Links
from cli.ports import free_port
from pipelines.collections import VIDEOS
from pipelines.documents.mongo import to_mongo
from pipelines.documents.video import Kept, Media, Subtitle
from pipelines.files import DEFAULT, Choice, Kind
from settings.plans import PlanName
from tests.api.conftest import VIDEO_ID, Api, a_video, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document
    from settings.env import Environment
    from tests.api.conftest import Callers
    from tests.s3 import S3

FILE = bytes(range(256)) * 4096
OTHER = b"from TikTok"
PATH = f"{VIDEO_ID}/video-h264.mp4"
CAPTIONS = f"{VIDEO_ID}/subtitles-eng-US-ASR.vtt"
SUBTITLES = Choice(kind=Kind.SUBTITLES, language="eng-US", source="ASR")
VTT = b"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHello\n"


@dataclass
class Place:
    """Where files are kept: a folder, or a bucket."""

    address: str
    s3: S3 | None = None

    def put(self, path: str, body: bytes) -> None:
        if self.s3 is None:
            file = Path(self.address) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
        else:
            bucket, _, prefix = self.address.removeprefix("s3://").partition("/")
            self.s3.client.put_object(Bucket=bucket, Key=prefix + path, Body=body)


@dataclass
class Shelf:
    """An API whose archive holds a file of a post, and TikTok another."""

    api: Api
    place: Place
    account: str
    tiktok: str
    database: AsyncDatabase[Document]

    async def store(self, path: str = PATH, **changes: Any) -> None:
        url = changes.pop("url", f"{self.tiktok}/v.mp4")
        kept = Kept(
            file="video-h264",
            path=path,
            size=len(FILE),
            checksum=hashlib.md5(FILE, usedforsecurity=False).hexdigest(),
            content_type="video/mp4",
            archived_at=datetime.now(UTC),
        )
        video = a_video(media=Media(url=url, codec="h264", **changes), archive=[kept])
        video.subtitles = [
            Subtitle(url=f"{self.tiktok}/s.vtt", language="eng-US", source="ASR", format="webvtt")
        ]
        captions = Kept(
            file="subtitles-eng-US-ASR",
            path=CAPTIONS,
            size=len(VTT),
            checksum="",
            archived_at=datetime.now(UTC),
        )
        video.archive.append(captions)
        await self.database[VIDEOS].replace_one({"_id": VIDEO_ID}, to_mongo(video), upsert=True)

    def link(self, choice: Choice = DEFAULT, form: str = "") -> str:
        links = Links(b"a secret of tests, long enough", address=self.api.url)
        end = int(time()) + 60
        return links.write(
            VIDEO_ID, account=self.account, expires=end, choice=choice, form=form
        ).decode()

    async def get(
        self, method: str = "GET", *, choice: Choice = DEFAULT, form: str = "", **headers: str
    ) -> tuple[int, Any, bytes]:
        link = self.link(choice, form)
        async with self.api.session.request(method, link, headers=headers) as response:
            return response.status, response.headers, await response.read()


@pytest.fixture
def folder(tmp_path: Path) -> Place:
    return Place(str(tmp_path / "kept"))


@pytest.fixture
def bucket(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Place:
    for name, value in s3.variables.items():
        monkeypatch.setenv(name, value)
    return Place(f"s3://{s3.make_bucket('served')}/media/", s3)


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest) -> Place:
    place = request.getfixturevalue(request.param)
    assert isinstance(place, Place)
    return place


@pytest.fixture
async def tiktok() -> AsyncIterator[str]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=OTHER, content_type="video/mp4")

    app = web.Application()
    app.router.add_get("/v.mp4", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port, *_ = runner.addresses[0]
    yield f"http://{host}:{port}"
    await runner.cleanup()


@pytest.fixture
async def shelf(
    environment: Environment,
    place: Place,
    tiktok: str,
    callers: Callers,
    database: AsyncDatabase[Document],
) -> AsyncIterator[Shelf]:
    account, _ = await callers.make(PlanName.FREE)
    changes = {
        "tiktok_media_hosts": (tiktok.removeprefix("http://"),),
        "archive_url": place.address,
    }
    place.put(PATH, FILE)
    place.put(CAPTIONS, VTT)
    async with serving(environment.model_copy(update=changes)) as api:
        shelf = Shelf(api, place, account.id, tiktok, database)
        await shelf.store()
        yield shelf


async def test_a_kept_file_is_given_though_tiktok_has_ended_its_address(shelf: Shelf) -> None:
    await shelf.store(
        url="https://v16.tiktok.com/gone", expires_at=datetime(2024, 1, 1, tzinfo=UTC)
    )

    status, headers, body = await shelf.get()

    assert (status, body) == (200, FILE)
    assert headers["Content-Type"] == "video/mp4"
    assert headers["Content-Length"] == str(len(FILE))
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Content-Disposition"] == f'inline; filename="tiktok-{VIDEO_ID}.mp4"'


async def test_head_has_the_headers_and_no_body(shelf: Shelf) -> None:
    status, headers, body = await shelf.get("HEAD")
    assert (status, headers["Content-Length"], body) == (200, str(len(FILE)), b"")


@pytest.mark.parametrize(
    ("part", "start", "stop"),
    [("bytes=10-19", 10, 20), ("bytes=-5", len(FILE) - 5, len(FILE)), ("bytes=0-", 0, len(FILE))],
)
async def test_a_part_is_answered_206(shelf: Shelf, part: str, start: int, stop: int) -> None:
    status, headers, body = await shelf.get(Range=part)
    assert (status, body) == (206, FILE[start:stop])
    assert headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(FILE)}"


async def test_a_part_past_the_end_is_answered_416(shelf: Shelf) -> None:
    status, headers, body = await shelf.get(Range=f"bytes={len(FILE)}-")
    assert (status, headers["Content-Range"]) == (416, f"bytes */{len(FILE)}")
    assert b'"success":false' in body


async def test_a_part_of_another_file_than_the_caller_has_is_not_given(shelf: Shelf) -> None:
    _, headers, _ = await shelf.get("HEAD")
    tag, time_of_file = headers["ETag"], headers["Last-Modified"]

    for condition, expected in [(tag, 206), ('"other"', 200), (time_of_file, 206)]:
        asked = {"Range": "bytes=10-19", "If-Range": condition}
        status, _, body = await shelf.get(**asked)
        assert (condition, status) == (condition, expected)
        assert body == (FILE[10:20] if expected == 206 else FILE)


async def test_what_the_archive_has_lost_comes_from_tiktok(shelf: Shelf) -> None:
    await shelf.store("missing.mp4")
    status, _, body = await shelf.get()
    assert (status, body) == (200, OTHER)


async def test_subtitles_are_given_in_another_form_too(shelf: Shelf) -> None:
    status, _, body = await shelf.get(choice=SUBTITLES, form="srt")
    assert status == 200
    assert b"00:00:01,000 --> 00:00:02,000" in body


@pytest.mark.parametrize("place", ["folder"], indirect=True)
async def test_no_file_outside_of_the_folder_is_given(shelf: Shelf) -> None:
    shelf.place.put("../secret", b"secret")
    await shelf.store("../secret")
    assert (await shelf.get())[2] == OTHER


@pytest.mark.parametrize("place", ["bucket"], indirect=True)
async def test_a_bucket_that_does_not_answer_is_no_loss(
    environment: Environment, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{free_port()}")
    changes = {
        "tiktok_media_hosts": (shelf.tiktok.removeprefix("http://"),),
        "archive_url": shelf.place.address,
    }
    async with serving(environment.model_copy(update=changes)) as api:
        shelf.api = api
        assert (await shelf.get())[2] == OTHER


async def test_a_stream_counts_for_as_long_as_it_is_sent(shelf: Shelf) -> None:
    shelf.place.put(PATH, FILE * 32)
    session = shelf.api.session
    async with session.get(shelf.link()) as one, session.get(shelf.link()) as two:
        async with session.get(shelf.link()) as three:
            assert (one.status, two.status, three.status) == (200, 200, 429)
        one.close()
        two.close()
