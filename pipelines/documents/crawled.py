"""What crawls of lists came to: documents of ``lists`` and ``search_results``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal

SCHEMA_VERSION = 1


@dataclass(slots=True, kw_only=True)
class CrawledList:
    """The last state of a list."""

    id: Annotated[str, "The target's key, such as user:mara.bakes07; `_id` in MongoDB."]
    type: Annotated[str, "What kind of list it is: user, hashtag, music, comments or search."]
    value: Annotated[str, "The name, id or query that it is the list of."]
    run: Annotated[str | None, "The crawl that looked at it last; null when it had none."] = None
    collected: Annotated[int, "How many items that look delivered, each once."] = 0
    reported_total: Annotated[int | None, "How many there are, as the page says."] = None
    complete: Annotated[bool, "Whether it ended by itself, with no fewer than reported."] = False
    stop_reason: Annotated[str, "Why that look stopped, such as end, limit or captcha."] = ""
    spider: Annotated[str, "The spider that looked."] = ""
    job_id: Annotated[str | None, "The job that asked for it; null in a plain crawl."] = None
    schema_version: Annotated[int, "Version of this document's shape."] = SCHEMA_VERSION
    observed_at: Annotated[datetime, "When that look ended."] = field(kw_only=True)
    first_seen_at: Annotated[datetime | None, "When it was looked at for the first time."] = None


@dataclass(slots=True, kw_only=True)
class Hit:
    """One thing that a search found."""

    kind: Annotated[Literal["video", "user"], "Whether it is a post or a user."]
    id: Annotated[str, "Its id in `videos` or `users`."]


@dataclass(slots=True, kw_only=True)
class SearchResults:
    """What the last look at a search found."""

    id: Annotated[str, "The target's key, such as search:bread; `_id` in MongoDB."]
    query: Annotated[str, "The words that were searched for."]
    results: Annotated[list[Hit], "What was found, in TikTok's order."] = field(
        default_factory=list
    )
    spider: Annotated[str, "The spider that looked."] = ""
    job_id: Annotated[str | None, "The job that asked for it; null in a plain crawl."] = None
    schema_version: Annotated[int, "Version of this document's shape."] = SCHEMA_VERSION
    observed_at: Annotated[datetime, "When that look ended."] = field(kw_only=True)
    first_seen_at: Annotated[datetime | None, "When it was looked at for the first time."] = None
