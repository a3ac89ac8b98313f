"""Lists in a real Chromium, against a site whose lists misbehave."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from crawler.browser.capture import Capture
from crawler.browser.found import Found
from crawler.browser.opening import content_of, settle
from crawler.browser.reading import Patience, Reading
from crawler.jobs.lists import Bounds, StopReason
from crawler.links import Target, TargetType

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from playwright.async_api import Browser

    from crawler.headers import Header
    from tests.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

POST = "6850000800000453000"
PATIENCE = Patience(idle_s=0.15, end_scrolls=2, stuck_scrolls=4, answer_s=0.6, challenge_s=3)


@dataclass
class Read:
    """What came of reading a list."""

    reading: Reading
    headers: list[Header] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        return [one.id for one in self.found]

    @property
    def end(self) -> tuple[int, int | None, bool, StopReason]:
        stop = self.reading.tally.stop
        assert stop is not None
        end = self.reading.tally.end(stop)
        return (end.collected, end.reported_total, end.complete, end.stop_reason)


@dataclass
class Reader:
    browser: Browser
    site: Site
    stored: set[str] = field(default_factory=set)
    stop: StopReason | None = None

    async def read(self, kind: TargetType, value: str, **bounds: Any) -> Read:
        target = Target(type=kind, value=value)
        context = await self.browser.new_context()
        page = await context.new_page()
        capture = Capture(target)
        await capture.attach(page)
        answer = await page.goto(self.site.url + target.page_path, wait_until="domcontentloaded")
        assert answer is not None
        response: Any = SimpleNamespace(
            body=await content_of(page), status=answer.status, url=page.url
        )
        reading = Reading(
            page,
            capture,
            target=target,
            bounds=Bounds(**bounds),
            patience=PATIENCE,
            known=self._known,
            stopped=self._stopped,
        )
        read = Read(reading)
        shown = await settle(page, response, video_id="", patience=PATIENCE)
        async for one in reading.items(shown):
            if isinstance(one, Found):
                read.found.append(one)
            else:
                read.headers.append(one)
        await context.close()
        return read

    async def _known(self, found: Sequence[Found]) -> Collection[str]:
        return self.stored & {one.id for one in found}

    async def _stopped(self) -> StopReason | None:
        return self.stop


@pytest.fixture
def reader(browser: Browser, lists: Site) -> Reader:
    return Reader(browser, lists)


@pytest.mark.parametrize(
    ("kind", "value", "key"),
    [
        (TargetType.USER, "list_80", "@list_80"),
        (TargetType.USER, "list_80__inline", "@list_80__inline"),
        (TargetType.USER, "list_40__shell_fills", "@list_40__shell_fills"),
        (TargetType.USER, "list_40__waf_passes", "@list_40__waf_passes"),
        (TargetType.HASHTAG, "list_70__inner", "#list_70__inner"),
        (TargetType.HASHTAG, "list_70__related", "#list_70__related"),
        (TargetType.MUSIC, "6850000800000703000", "music:6850000800000703000"),
    ],
)
async def test_all_of_a_list_comes_in_its_order_and_each_item_once(
    reader: Reader, kind: TargetType, value: str, key: str
) -> None:
    read = await reader.read(kind, value)

    expected = list(reader.site.lists.ids(key))
    assert read.ids == expected
    assert len(read.headers) == 1
    assert read.end == (len(expected), len(expected), True, StopReason.END)
    assert read.reading.refusal is None


BEHAVIOURS = {
    "repeats": (60, StopReason.NO_PROGRESS),
    "empty_pages": (60, StopReason.NO_PROGRESS),
    "absent_list": (60, StopReason.END),
    "absent_list_more": (60, StopReason.NO_PROGRESS),
    "false_end": (120, StopReason.END),
    "overlaps": (120, StopReason.END),
    "no_bytes_once": (120, StopReason.END),
    "no_bytes": (60, StopReason.EMPTY_BODY),
    "cut_json": (60, StopReason.EMPTY_BODY),
    "html_instead": (60, StopReason.CAPTCHA),
    "stalls": (60, StopReason.TIMEOUT),
    "hangs_up": (60, StopReason.EMPTY_BODY),
    "refuses_429": (60, StopReason.EMPTY_BODY),
    "refuses_500": (60, StopReason.EMPTY_BODY),
    "verify": (60, StopReason.CAPTCHA),
    "captcha_overlay": (60, StopReason.CAPTCHA),
    "captcha_leave": (60, StopReason.CAPTCHA),
    "login_status": (60, StopReason.LOGIN_WALL),
    "login_leave": (60, StopReason.LOGIN_WALL),
    "login_overlay": (60, StopReason.LOGIN_WALL),
    "login_dialog": (120, StopReason.END),
    "bad_parameter": (60, StopReason.EMPTY_BODY),
}


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
async def test_a_list_that_misbehaves_ends_with_what_had_come(
    reader: Reader, behaviour: str
) -> None:
    collected, stop_reason = BEHAVIOURS[behaviour]

    read = await reader.read(TargetType.HASHTAG, f"list_120__{behaviour}")

    is_whole = collected == 120
    assert read.end == (collected, 120, is_whole, stop_reason)
    assert read.ids == list(reader.site.lists.ids(f"#list_120__{behaviour}"))[:collected]
    assert read.reading.refusal is None
