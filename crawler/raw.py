"""Raw items of what a list holds, and of what its page says of the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.items import (
    Kind,
    Layout,
    RawComment,
    RawHashtag,
    RawMusic,
    RawUser,
    RawVideo,
)
from crawler.links import TargetType
from crawler.raw_posts import layout_of

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.browser.found import Found
    from crawler.headers import Header
    from crawler.items import RawItem
    from crawler.jobs.records import Job
    from crawler.links import Target

_KINDS: dict[TargetType, type[RawItem]] = {
    TargetType.USER: RawUser,
    TargetType.USER_HEADER: RawUser,
    TargetType.HASHTAG: RawHashtag,
    TargetType.HASHTAG_HEADER: RawHashtag,
    TargetType.MUSIC: RawMusic,
    TargetType.MUSIC_HEADER: RawMusic,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What all raw items of one page have in common."""

    observed_at: datetime
    spider: str
    job: Job | None
    cookies: dict[str, str]
    user_agent: str | None
    egress: str

    def fields(self, data: dict[str, Any], layout: Layout) -> dict[str, Any]:
        """The fields of a raw item around its data."""
        return {
            "layout": layout,
            "data": data,
            "observed_at": self.observed_at,
            "spider": self.spider,
            "job": self.job,
            "cookies": self.cookies,
            "user_agent": self.user_agent,
            "egress": self.egress,
        }


def raw_header(header: Header, target: Target, common: Common) -> RawItem | None:
    """What the page says of its target; None for the page of a post or of a search."""
    kind = _KINDS.get(target.type)
    return kind(**common.fields(header.data, Layout.DESKTOP)) if kind is not None else None


def raw_found(found: Found, target: Target, common: Common) -> RawItem:
    """An element of a list."""
    if found.kind is Kind.VIDEO:
        layout = layout_of(found.data, Layout.LIST)
        return RawVideo(video_id=found.id, **common.fields(found.data, layout))
    fields = common.fields(found.data, Layout.LIST)
    if found.kind is Kind.COMMENT:
        return RawComment(video_id=target.value, parent_id=found.parent_id, **fields)
    return RawUser(**fields)
