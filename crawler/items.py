"""Raw items: what a spider yields, close to TikTok's own keys, before it is normalised."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.jobs.lists import ListEnd
    from crawler.jobs.records import Job, Outcome
    from crawler.links import Target


class Kind(StrEnum):
    """What an item is about; one collection holds the documents of each."""

    VIDEO = "video"
    USER = "user"
    HASHTAG = "hashtag"
    MUSIC = "music"
    COMMENT = "comment"

    @property
    def collection(self) -> str:
        """The collection that holds its documents by their ids."""
        return "music" if self is Kind.MUSIC else f"{self.value}s"


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
class RawItem:
    """What every raw item has."""

    kind: ClassVar[Kind]
    layout: Layout
    data: dict[str, Any] = field(repr=False)
    """TikTok's own object, untouched; it holds signed addresses, so no log line shows it."""
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
    is_kept: bool = True
    """Whether its data may be kept: not when it names somebody who was erased."""


@dataclass(slots=True, kw_only=True)
class RawVideo(RawItem):
    """A post as TikTok's page or list gave it."""

    kind = Kind.VIDEO
    video_id: str


@dataclass(slots=True, kw_only=True)
class RawUser(RawItem):
    """A user: ``userInfo`` of a profile, or a user alone, as searches and posts give one.

    Counters that stand beside a user, as in a post, go with it as in a profile:
    ``{"user": …, "stats": …, "statsV2": …}``.
    """

    kind = Kind.USER


@dataclass(slots=True, kw_only=True)
class RawHashtag(RawItem):
    """A hashtag: ``challengeInfo`` of its page, or a challenge alone."""

    kind = Kind.HASHTAG


@dataclass(slots=True, kw_only=True)
class RawMusic(RawItem):
    """A sound: ``musicInfo`` of its page, or a ``music`` alone."""

    kind = Kind.MUSIC


@dataclass(slots=True, kw_only=True)
class RawComment(RawItem):
    """A comment or a reply; replies inside it are items of their own."""

    kind = Kind.COMMENT
    video_id: str | None = None
    """The post whose comments were asked for."""
    parent_id: str | None = None
    """The comment that it answers, when it stood inside that one."""


@dataclass(slots=True, kw_only=True)
class RawAbsence:
    """That a post is not to be seen, as TikTok says where its page would be."""

    video_id: str
    outcome: Outcome
    """How its job ends once that is stored."""
    observed_at: datetime
    spider: str
    job: Job | None = None


@dataclass(slots=True, kw_only=True)
class RawList:
    """How the crawl of a list ended; the last thing that its job yields.

    It is yielded by the same callback as the list's items: so it enters the pipelines behind them.
    """

    target: Target
    end: ListEnd
    observed_at: datetime
    spider: str
    job: Job | None = None


@dataclass(slots=True, kw_only=True)
class RawSearch:
    """What a search gave; yielded right before its :class:`RawList`."""

    target: Target
    found: list[tuple[Kind, str]] = field(repr=False)
    """The kind and id of each post and user, in TikTok's order."""
    observed_at: datetime
    spider: str
    job: Job | None = None
