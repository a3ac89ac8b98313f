"""A browser's way to a proxy lets its own hosts pass, and no others; nor is there another way."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Error as PlaywrightError

from crawler.browser.chromium import Reach
from crawler.browser.tunnels import Tunnels
from settings.env import Environment
from tests.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser

pytestmark = pytest.mark.asyncio(loop_scope="module")

_STRAY = """async ([here, there]) => {
  const frame = document.createElement("iframe");
  frame.src = `http://${there}/frame`;
  document.body.append(frame);
  const socket = new WebSocket(`ws://${there}/socket`);
  const ended = new Promise((done) => (socket.onopen = socket.onerror = done));
  const asked = [`${here}/away`, `http://${there}/x`, "http://localhost:1/"].map(
    (address) => fetch(address, {mode: "no-cors"}).catch(() => {}),
  );
  await Promise.all([...asked, ended]);
}"""
"""A page's attempts to reach another host."""


@dataclass
class Ground:
    """A server that a browser may reach, and one that it may not."""

    site: str = ""
    canary: str = ""
    heard: list[str] = field(default_factory=list)
    """What the second one was asked for."""

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/away":
            return web.Response(status=302, headers={"Location": f"http://{self.canary}/away"})
        return web.Response(text="<html><body>here</body></html>", content_type="text/html")

    async def hear(self, request: web.Request) -> web.Response:
        self.heard.append(request.path)
        return web.Response()


async def a_server(answer: Any, host: str) -> tuple[web.AppRunner, str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, host, 0).start()
    return runner, f"{host}:{runner.addresses[0][1]}"


@pytest_asyncio.fixture(loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    ground = Ground()
    site, address = await a_server(ground.answer, "127.0.0.1")
    canary, ground.canary = await a_server(ground.hear, "127.0.0.2")
    ground.site = f"http://{address}"
    yield ground
    await site.cleanup()
    await canary.cleanup()


def reach(ground: Ground) -> Reach:
    return Reach(Environment(tiktok_url=ground.site))


async def ask(way: dict[str, Any], line: str, *, password: str | None = None) -> str:
    """The first line of what comes back for one request."""
    parts = urlsplit(way["server"])
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    given = f"{way['username']}:{password or way['password']}".encode()
    key = b64encode(given).decode()
    writer.write(f"{line}\r\nHost: here\r\nProxy-Authorization: Basic {key}\r\n\r\n".encode())
    answered = await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    return answered.decode().strip()


async def test_a_way_is_for_those_who_know_its_password_and_for_some_hosts(ground: Ground) -> None:
    async with Proxy() as proxy:
        with closing(Tunnels(reach(ground).has)) as tunnels:
            way = await tunnels.through(proxy.url)
            assert await tunnels.through(proxy.url) == way
            here = urlsplit(ground.site).netloc
            answers = [
                await ask(way, f"GET {ground.site}/ HTTP/1.1"),
                await ask(way, f"CONNECT {here} HTTP/1.1"),
                await ask(way, f"GET http://{ground.canary}/ HTTP/1.1"),
                await ask(way, f"CONNECT {ground.canary} HTTP/1.1"),
                await ask(way, f"GET {ground.site}/ HTTP/1.1", password="guessed"),
                await ask(way, "nonsense"),
            ]

    assert [answer.split(" ")[1] if answer else "" for answer in answers] == [
        *("200", "200", "403", "403", "407", ""),
    ]
    assert dict(proxy.seen) == {f"{ground.site}/": 1, here: 1}
    assert (proxy.refused, ground.heard) == (0, [])


@pytest.mark.parametrize("is_proxied", [False, True])
async def test_a_page_reaches_no_other_host_whatever_it_tries(
    browser: Browser, ground: Ground, is_proxied: bool
) -> None:
    async with Proxy() as proxy:
        with closing(Tunnels(reach(ground).has)) as tunnels:
            options = {"proxy": await tunnels.through(proxy.url)} if is_proxied else {}
            context = await browser.new_context(**options)  # type: ignore[arg-type]
            page = await context.new_page()
            await page.goto(ground.site)
            await page.evaluate(_STRAY, [ground.site, ground.canary])
            with pytest.raises(PlaywrightError):
                await page.goto(f"{ground.site}/away")
            await context.close()

    assert ground.heard == []
    assert {urlsplit(one).netloc for one in proxy.seen} <= {urlsplit(ground.site).netloc}
    assert bool(proxy.seen) is is_proxied
