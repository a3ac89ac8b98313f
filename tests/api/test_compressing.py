from __future__ import annotations

import contextlib
import gzip
import random
from typing import TYPE_CHECKING

import brotli
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import RawTestServer

from api.compressing import LEAST_BYTES, LOOP_BYTES, choose
from api.metrics import Metrics
from api.middlewares.envelope import JSON, enveloped
from tests.api.conftest import EXTRACT, LINK, a_video, put

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from multidict import CIMultiDictProxy
    from redis.asyncio import Redis

    from tests.api.conftest import Api

LARGE = b'{"a": "%b"}' % (b"lots of words " * 1000)
SMALL = b'{"a": 1}'


@contextlib.asynccontextmanager
async def answering(response: web.StreamResponse) -> AsyncIterator[ClientSession]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return response

    async with (
        RawTestServer(enveloped(handle, Metrics())) as server,  # type: ignore[arg-type] # a plain request
        ClientSession(server.make_url("/"), auto_decompress=False) as session,
    ):
        yield session


async def ask(
    response: web.StreamResponse, accepted: str | None
) -> tuple[CIMultiDictProxy[str], bytes, int]:
    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    async with (
        answering(response) as session,
        session.get("/", headers=headers, skip_auto_headers=["Accept-Encoding"]) as answer,
    ):
        return answer.headers, await answer.read(), answer.status


def a_json(body: bytes = LARGE, **headers: str) -> web.Response:
    return web.Response(body=body, headers={"Content-Type": JSON, **headers})


@pytest.mark.parametrize(
    ("accepted", "coding", "is_needed"),
    [
        ("", None, False),
        ("gzip", "gzip", False),
        ("gzip, deflate, br, zstd", "br", False),
        ("x-gzip", "gzip", False),
        ("GZIP ; Q=0.8", "gzip", False),
        ("gzip;q=0.5, br;q=0.2", "gzip", False),
        ("br;q=0, *", "gzip", False),
        ("*", "br", False),
        ("gzip;q=0", None, False),
        ("deflate", None, False),
        ("identity;q=0, gzip", "gzip", True),
        ("*;q=0, br", "br", True),
        ("identity;q=0, *", "br", True),
        ("identity, gzip;q=0.5", None, False),
        ("identity;q=0", None, False),
        ("*;q=0", None, False),
        ("gzip;q=7, br;level=5", None, False),
        (", ,gzip;;,=;q", None, False),
    ],
)
def test_the_best_coding_that_the_caller_takes_is_chosen(
    accepted: str, coding: str | None, is_needed: bool
) -> None:
    assert choose(accepted) == (coding, is_needed)


@pytest.mark.parametrize(
    ("accepted", "coding", "undo"),
    [("gzip, deflate", "gzip", gzip.decompress), ("gzip, br", "br", brotli.decompress)],
)
async def test_a_large_answer_is_compressed(
    api: Api, accepted: str, coding: str, undo: Callable[[bytes], bytes]
) -> None:
    async with ClientSession(api.url, auto_decompress=False) as session:
        async with session.get("/openapi.json", headers={"Accept-Encoding": ""}) as plain:
            whole = await plain.read()
        async with session.get("/openapi.json", headers={"Accept-Encoding": accepted}) as answer:
            packed = await answer.read()

    assert plain.headers["Vary"] == answer.headers["Vary"] == "Accept-Encoding"
    assert "Content-Encoding" not in plain.headers
    assert answer.headers["Content-Encoding"] == coding
    assert int(answer.headers["Content-Length"]) == len(packed) < len(whole) / 4
    assert undo(packed) == whole


async def test_an_answer_that_is_compressed_beside_the_loop_is_whole() -> None:
    noise = random.Random(1).randbytes(LOOP_BYTES).hex().encode()
    headers, body, _ = await ask(a_json(b'"%b"' % noise), "br")

    assert headers["Content-Encoding"] == "br"
    assert brotli.decompress(body) == b'"%b"' % noise


async def test_a_usual_extraction_is_not_compressed(
    api: Api, key: str, redis_client: Redis
) -> None:
    await put(redis_client, a_video())
    answer = await api.call(
        "POST", EXTRACT, key=key, json={"url": LINK}, headers={"Accept-Encoding": "gzip, br"}
    )

    assert answer.status == 200
    assert "Content-Encoding" not in answer.headers
    assert int(answer.headers["Content-Length"]) < LEAST_BYTES


async def test_a_caller_who_names_no_coding_gets_the_answer_as_it_is() -> None:
    headers, body, _ = await ask(a_json(), None)

    assert body == LARGE
    assert "Content-Encoding" not in headers
    assert headers["Vary"] == "Accept-Encoding"


async def test_a_small_answer_is_compressed_only_for_who_takes_nothing_else() -> None:
    usual, body, _ = await ask(a_json(SMALL), "gzip")
    needed, packed, _ = await ask(a_json(SMALL), "gzip, identity;q=0")

    assert body == SMALL
    assert "Content-Encoding" not in usual
    assert needed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == SMALL


async def test_who_takes_nothing_that_there_is_gets_the_answer_as_it_is() -> None:
    headers, body, status = await ask(a_json(), "identity;q=0, zstd")

    assert (status, body) == (200, LARGE)
    assert "Content-Encoding" not in headers


@pytest.mark.parametrize(
    "response",
    [
        web.Response(body=LARGE, content_type="video/mp4"),
        a_json(LARGE, **{"Content-Encoding": "zstd"}),
        a_json(LARGE, **{"Content-Range": "bytes 0-9/100"}),
        a_json(LARGE, **{"Cache-Control": "public, no-transform"}),
    ],
)
async def test_media_parts_and_what_is_encoded_already_stay_as_they_are(
    response: web.Response,
) -> None:
    _, body, _ = await ask(response, "gzip, br")

    assert body == LARGE


@pytest.mark.parametrize(("tag", "sent"), [('"v1"', 'W/"v1"'), ('W/"v1"', 'W/"v1"')])
async def test_a_tag_of_a_compressed_answer_is_weak(tag: str, sent: str) -> None:
    packed, _, _ = await ask(a_json(ETag=tag), "br")
    plain, _, _ = await ask(a_json(ETag=tag), None)

    assert (packed["ETag"], plain["ETag"]) == (sent, tag)


async def test_what_has_not_changed_says_what_it_varies_by() -> None:
    headers, body, status = await ask(web.Response(status=304, headers={"ETag": 'W/"v1"'}), "br")

    assert (status, body) == (304, b"")
    assert headers["Vary"] == "Accept-Encoding"
    assert headers["ETag"] == 'W/"v1"'
