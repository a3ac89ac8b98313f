"""One target's use of the browser: its context, its page, and what was found on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.browser.capture import Capture
from crawler.browser.waiting import answered

if TYPE_CHECKING:
    from playwright.async_api import Page

    from crawler.browser.contexts import Lease
    from crawler.items import Kind
    from crawler.links import Target


@dataclass(slots=True, eq=False)
class Visit:
    """From the request for a page to the end of its target."""

    target: Target
    lease: Lease
    capture: Capture = field(init=False)
    cookies: dict[str, str] = field(default_factory=dict, repr=False)
    user_agent: str | None = None
    found: list[tuple[Kind, str]] = field(default_factory=list, repr=False)
    """The kind and id of each item, in TikTok's order."""

    def __post_init__(self) -> None:
        self.capture = Capture(self.target)

    async def look_around(self, page: Page, kept: frozenset[str]) -> None:
        """Note what the media of the page's items demand."""
        for cookie in await answered(page.context.cookies(page.url)):
            name, value = cookie.get("name"), cookie.get("value")
            if name in kept and value is not None:
                self.cookies[name] = value
