"""Contexts in a real Chromium: whose each is, how long it lives, and pages that hang."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Error as PlaywrightError

from crawler.browser.contexts import ANSWERS_EACH, Contexts
from crawler.browser.waiting import answered

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

    from crawler.browser.contexts import Lease

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Opened:
    """The browser's contexts by the names of their leases, as the download handler keeps them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: dict[str, BrowserContext] = {}

    async def page(self, lease: Lease) -> Page:
        if lease.name not in self._contexts:
            context = await self._browser.new_context()
            self._contexts[lease.name] = context

            def forget(_: BrowserContext) -> None:
                del self._contexts[lease.name]

            context.on("close", forget)
        return await self._contexts[lease.name].new_page()

    @property
    def names(self) -> list[str]:
        return list(self._contexts)


async def test_a_context_is_used_again_until_it_is_worn_out(browser: Browser) -> None:
    opened, contexts = Opened(browser), Contexts(most=4, pages_each=3)
    names = []
    for _ in range(4):
        lease = contexts.lease("direct")
        names.append(lease.name)
        await contexts.give_back(lease, await opened.page(lease))
    assert names == ["direct 1", "direct 1", "direct 1", "direct 2"]
    assert opened.names == ["direct 2"]


async def test_a_context_that_has_fetched_long_lists_is_worn_out_sooner(browser: Browser) -> None:
    opened, contexts = Opened(browser), Contexts(most=4)
    names = []
    for answers in (ANSWERS_EACH - 1, 1, 1):
        lease = contexts.lease("direct")
        names.append(lease.name)
        await contexts.give_back(lease, await opened.page(lease), answers=answers)
    assert names == ["direct 1", "direct 1", "direct 2"]


async def test_pages_at_the_same_time_and_egresses_share_no_context(browser: Browser) -> None:
    opened, contexts = Opened(browser), Contexts(most=1)
    one, two, other = contexts.lease("direct"), contexts.lease("direct"), contexts.lease("proxy")
    assert len({one.name, two.name, other.name}) == 3
    for lease in (one, two, other):
        await contexts.give_back(lease, await opened.page(lease))
    assert opened.names == [other.name]
    assert contexts.lease("direct").name not in {one.name, two.name}
    assert contexts.lease("proxy") is other


async def test_a_wall_ends_its_context(browser: Browser) -> None:
    opened, contexts = Opened(browser), Contexts(most=4)
    lease = contexts.lease("direct")
    await contexts.give_back(lease, await opened.page(lease), is_walled=True)
    assert opened.names == []
    assert contexts.lease("direct").name != lease.name


async def test_a_page_that_hangs_is_given_up_and_closed(browser: Browser) -> None:
    opened, contexts = Opened(browser), Contexts(most=4)
    lease = contexts.lease("direct")
    page = await opened.page(lease)
    with pytest.raises(PlaywrightError, match="the page has not answered"):
        await answered(page.evaluate("() => { while (true); }"), within_s=0.2)
    await contexts.give_back(lease, page)
    assert page.is_closed()
