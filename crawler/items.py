"""Raw items: what a spider yields, close to TikTok's own keys, before it is normalised."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.jobs.records import Job


class Layout(StrEnum):
    """Which of TikTok's layouts a raw item was read from."""

    DESKTOP = "desktop"
    """``webapp.video-detail`` of the rehydration script."""
    REFLOW = "reflow"
    """``webapp.reflow.video.detail``, the mobile page."""
    LIST = "list"
    """An element of a list response."""
    SIGI = "sigi"
    """``ItemModule`` of ``SIGI_STATE``."""
    NEXT = "next"
    """``itemInfo.itemStruct`` of ``__NEXT_DATA__``."""
    NESTED = "nested"
    """The 2020 layout: ``itemInfos``, ``authorInfos``, ``musicInfos``, ``challengeInfoList``."""
    AWEME = "aweme"
    """An ``aweme`` of the mobile application's API: snake_case, durations in milliseconds."""


@dataclass(slots=True, kw_only=True)
class RawVideo:
    """A post as TikTok's page or list gave it."""

    video_id: str
    layout: Layout
    data: dict[str, Any] = field(repr=False)
    """The post's own object, untouched; it holds signed addresses, so no log line shows it."""
    observed_at: datetime
    """When the response arrived (UTC, aware)."""
    spider: str
    job: Job | None = None
    """The job that asked for it; None in a plain crawl."""
    cookies: dict[str, str] = field(default_factory=dict, repr=False)
    """Cookies that the page set and its media addresses demand (``tt_chain_token``)."""
    user_agent: str | None = None
    """The User-Agent that the page was asked with; its media want the same."""
    egress: str | None = None
    """The name of the egress through which the page came; its media want the same."""
