"""Waiting for a page's answer, but not for ever: some calls of Playwright's have no limit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from playwright.async_api import Error as PlaywrightError

if TYPE_CHECKING:
    from collections.abc import Awaitable

T = TypeVar("T")

ANSWER_S = 10.0
"""How long a page may take to do what costs an idle one a millisecond."""


async def answered(call: Awaitable[T], *, within_s: float = ANSWER_S) -> T:
    """What a call to a page answers.

    Raises:
        PlaywrightError: the page hangs, or is gone.
    """
    try:
        async with asyncio.timeout(within_s):
            return await call
    except TimeoutError:
        raise PlaywrightError(f"the page has not answered for {within_s:.0f} s") from None
