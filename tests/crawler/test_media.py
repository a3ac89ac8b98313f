"""Downloads for the archive over real HTTP, from a server that says what it was asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from scrapy import Request
from scrapy.exceptions import DownloadCancelledError, DownloadFailedError
from scrapy.utils.test import get_crawler

from crawler.hosts import HostRefusedError
from crawler.media import MediaDownloadHandler
from settings.env import Environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LARGEST = 100_000


@dataclass
class Server:
    url: str = ""
    asked: list[web.Request] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        match request.path:
            case "/file":
                return web.Response(body=b"x" * LARGEST, content_type="video/mp4")
            case "/large":
                return web.Response(body=b"x" * (LARGEST + 1))
            case "/endless":
                response = web.StreamResponse()
                await response.prepare(request)
                for _ in range(1000):
                    await response.write(b"x" * 1000)
                return response
            case "/hop":
                raise web.HTTPFound(request.query["to"])
            case "/circle":
                raise web.HTTPFound("/circle")
            case "/broken":
                response = web.StreamResponse(headers={"Content-Length": "10"})
                await response.prepare(request)
                await response.write(b"x")
                assert request.transport is not None
                request.transport.close()
                return response
        raise web.HTTPForbidden


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_get("/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port, *_ = runner.addresses[0]
    server.url = f"http://{host}:{port}"
    yield server
    await runner.cleanup()


@pytest.fixture
async def handler(server: Server) -> AsyncIterator[MediaDownloadHandler]:
    settings = {
        "TIKTOK_ENVIRONMENT": Environment(
            tiktok_media_hosts=(server.url.removeprefix("http://"), ".tiktok.com")
        ),
        "DOWNLOAD_MAXSIZE": LARGEST,
        "DOWNLOAD_TIMEOUT": 5,
    }
    handler = MediaDownloadHandler(get_crawler(settings_dict=settings))
    yield handler
    await handler.close()


async def test_a_file_comes_with_the_headers_of_the_request(
    handler: MediaDownloadHandler, server: Server
) -> None:
    headers = {"Cookie": 'tt_chain_token="a+b/c=="', "Referer": "https://www.tiktok.com/"}
    response = await handler.download_request(Request(f"{server.url}/file", headers=headers))

    assert (response.status, len(response.body)) == (200, LARGEST)
    assert response.headers["Content-Type"] == b"video/mp4"
    assert headers.items() <= dict(server.asked[0].headers).items()


@pytest.mark.parametrize("path", ["large", "endless"])
async def test_a_file_past_the_bound_is_not_taken(
    path: str, handler: MediaDownloadHandler, server: Server
) -> None:
    with pytest.raises(DownloadCancelledError, match="more than 100000 bytes"):
        await handler.download_request(Request(f"{server.url}/{path}"))


async def test_a_redirect_is_followed_to_an_allowed_host_only(
    handler: MediaDownloadHandler, server: Server
) -> None:
    response = await handler.download_request(Request(f"{server.url}/hop?to=/file"))
    assert len(response.body) == LARGEST

    for address in ("http://127.0.0.1:1/file", "https://example.com/file", "file:///etc/passwd"):
        with pytest.raises(HostRefusedError):
            await handler.download_request(Request(f"{server.url}/hop?to={address}"))
        with pytest.raises(HostRefusedError):
            await handler.download_request(Request(address))


async def test_redirects_in_circles_end(handler: MediaDownloadHandler, server: Server) -> None:
    with pytest.raises(DownloadFailedError, match="in circles"):
        await handler.download_request(Request(f"{server.url}/circle"))


async def test_a_file_that_breaks_off_is_none(
    handler: MediaDownloadHandler, server: Server
) -> None:
    with pytest.raises(DownloadFailedError):
        await handler.download_request(Request(f"{server.url}/broken"))


async def test_a_refusal_is_an_answer(handler: MediaDownloadHandler, server: Server) -> None:
    response = await handler.download_request(Request(f"{server.url}/other"))
    assert response.status == 403
