"""What is done on a page with the mouse and the keyboard, and what can be seen on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.async_api import Error as PlaywrightError

from crawler.browser.waiting import ANSWER_S, answered

if TYPE_CHECKING:
    from playwright.async_api import Page

_LOOK = Path(__file__).with_name("look.js").read_text()
_CLICK_REPLIES = Path(__file__).with_name("replies.js").read_text()
_FAR = 20_000
_COMMENTS = '[data-e2e="comment-icon"]'
_COMMENTS_TAB = '[role="tab"]#comments, [role="tab"]:has-text("Comments")'
_WAYS_OUT = (
    '[role="dialog"] [data-e2e="modal-close-inner-button"]',
    '[data-e2e="modal-close-inner-button"]',
    'text="Continue as guest"',
    'text="Continue without login"',
)
_CLICK_MS = 1_000
_HAS_LEFT = "Execution context was destroyed"
"""What Playwright says of a script when its page has gone elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What stands on the screen."""

    is_captcha: bool
    is_login: bool
    """Whether it says "Log in to TikTok" over the page."""
    is_dialog: bool
    more_replies: int
    """How many threads of replies can still be opened."""


class Screen:
    """One page as a reader uses it."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def look(self) -> Sight:
        """What can be seen now."""
        seen = await self._run(_LOOK)
        return Sight(
            is_captcha=bool(seen["captcha"]),
            is_login=bool(seen["login"]),
            is_dialog=bool(seen["dialog"]),
            more_replies=int(seen["replies"]),
        )

    async def _run(self, script: str) -> Any:
        """What a script answers; when the page goes elsewhere meanwhile, on the page that comes."""
        try:
            return await answered(self._page.evaluate(script))
        except PlaywrightError as error:
            if _HAS_LEFT not in str(error):
                raise
        await self._page.wait_for_load_state("domcontentloaded", timeout=1000 * ANSWER_S)
        return await answered(self._page.evaluate(script))

    async def scroll(self) -> None:
        """Turn the wheel over the list: it scrolls the window or whatever container is there."""
        size = self._page.viewport_size or {"width": 1280, "height": 720}
        await answered(self._page.mouse.move(size["width"] * 0.55, size["height"] * 0.5))
        await answered(self._page.mouse.wheel(0, _FAR))

    async def nudge(self) -> None:
        """Turn it back a little and on again: at its end a page hears nothing else."""
        await answered(self._page.mouse.wheel(0, -400))
        await self.scroll()

    async def open_replies(self) -> int:
        """Click on every "View replies" that can be seen, and answer how many there were."""
        return int(await self._run(_CLICK_REPLIES))

    async def open_comments(self) -> None:
        """Open a post's comments, which it fetches only then."""
        await self._page.click(_COMMENTS, timeout=5 * _CLICK_MS)

    async def open_comments_tab(self) -> None:
        """In the newer layout they stand behind a tab of the panel."""
        await self._click(_COMMENTS_TAB)

    async def dismiss(self) -> None:
        """Close what lies over a loaded page by its own button, or by Escape."""
        for way in _WAYS_OUT:
            if await answered(self._page.locator(way).count()) and await self._click(way):
                return
        await answered(self._page.keyboard.press("Escape"))

    async def refresh(self) -> bool:
        """Click on the page's own "Refresh"; False when there is none."""
        return await self._click('button:text-is("Refresh")')

    async def _click(self, selector: str) -> bool:
        try:
            await self._page.locator(selector).first.click(timeout=_CLICK_MS)
        except PlaywrightError:
            return False
        return True
