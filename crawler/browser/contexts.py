"""Which browser context each page is opened in: one of its egress that no other page uses.

A context keeps its cookies for its life, as a reader's browser does. It is closed after so many
pages, for browsers only grow, and at once when TikTok has put up a wall before it.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from playwright.async_api import Error as PlaywrightError

from crawler.browser.waiting import answered

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page

PAGES_EACH = 6
"""How many pages a context opens before it is recycled: it keeps what it has fetched in memory."""
ANSWERS_EACH = 20
"""How many responses of lists it fetches before that."""


@dataclass(slots=True, eq=False)
class Lease:
    """A context that one page has for itself."""

    name: str
    egress: str
    pages: int = 0
    answers: int = 0
    context: BrowserContext | None = None


class Contexts:
    """The contexts of one browser, at most ``most`` of them idle."""

    def __init__(self, *, most: int, pages_each: int = PAGES_EACH) -> None:
        self._most = most
        self._pages_each = pages_each
        self._idle: list[Lease] = []
        self._numbers = count(1)

    def lease(self, egress: str) -> Lease:
        """A context of that egress, an idle one if there is any."""
        for lease in self._idle:
            if lease.egress == egress:
                self._idle.remove(lease)
                return lease
        return Lease(f"{egress} {next(self._numbers)}", egress)

    async def give_back(
        self, lease: Lease, page: Page | None, *, answers: int = 0, is_walled: bool = False
    ) -> None:
        """Close a page, and its context too when it has met a wall or is worn out.

        ``answers`` are the responses of its list that the page has fetched.
        """
        if page is None:
            return
        lease.pages += 1
        lease.answers += answers
        lease.context = page.context
        with contextlib.suppress(PlaywrightError):
            await answered(page.close())
        is_worn_out = lease.pages >= self._pages_each or lease.answers >= ANSWERS_EACH
        if is_walled or is_worn_out:
            await _close(lease)
            return
        self._idle.append(lease)
        if len(self._idle) > self._most:
            await _close(self._idle.pop(0))


async def _close(lease: Lease) -> None:
    if lease.context is not None:
        with contextlib.suppress(PlaywrightError):
            await answered(lease.context.close())
