from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from crawler.browser.chromium import launch_options
from settings.env import Environment
from tests.site import Site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lists() -> AsyncIterator[Site]:
    """The site, for all tests of a file that share a browser."""
    async with Site() as site:
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(lists: Site) -> AsyncIterator[Browser]:
    environment = Environment(tiktok_url=lists.url)
    if environment.chromium is None:
        pytest.skip("no Chromium on PATH")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**launch_options(environment))
        yield browser
        await browser.close()
