"""A page just opened: its checks pass by themselves, or not, and then it is read."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from playwright.async_api import Error as PlaywrightError

from crawler.browser.screen import Screen
from crawler.browser.waiting import answered
from crawler.page import read_page
from crawler.walls import Verdict

if TYPE_CHECKING:
    import playwright.async_api
    from scrapy.http import Response

    from crawler.browser.reading import Patience
    from crawler.page import Page

_DATA = "#__UNIVERSAL_DATA_FOR_REHYDRATION__"
_MAY_FILL = frozenset({Verdict.SHELL, Verdict.REFRESH})


async def settle(
    page: playwright.async_api.Page, response: Response, *, video_id: str, patience: Patience
) -> Page:
    """What the page says once it has stopped checking the browser.

    A challenge is an ordinary page that runs its script and loads itself anew: it is waited for.
    """
    shown = read_page(response.body, status=response.status, url=response.url, video_id=video_id)
    if shown.verdict is Verdict.WAF_CHALLENGE:
        await _until_there(page, patience.challenge_s)
    elif shown.verdict is not Verdict.REFRESH or not await Screen(page).refresh():
        return shown
    else:
        await _until_there(page, patience.idle_s)
    return read_page(await content_of(page), url=page.url, video_id=video_id)


async def content_of(page: playwright.async_api.Page) -> bytes:
    """The page's document as it is now, or as it will be when it is just leaving for another."""
    try:
        text = await answered(page.content())
    except PlaywrightError:
        await page.wait_for_load_state("domcontentloaded")
        text = await answered(page.content())
    return text.encode("utf-8", "replace")


def may_fill(shown: Page) -> bool:
    """Whether a list may still come: of a page that is served, or empty and about to ask for it."""
    return shown.reason is None or shown.verdict in _MAY_FILL


async def _until_there(page: playwright.async_api.Page, within_s: float) -> None:
    with contextlib.suppress(PlaywrightError):
        await page.wait_for_selector(_DATA, state="attached", timeout=within_s * 1000)
