"""A hashtag as stored in ``hashtags``: one dataclass, a sentence for each field."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pipelines.documents.video import PARSER_VERSION

SCHEMA_VERSION = 1


@dataclass(slots=True, kw_only=True)
class HashtagStatistics:
    """The hashtag's counters at ``observed_at``."""

    views: Annotated[int | None, "How often its posts were played."] = None
    videos: Annotated[int | None, "How many posts bear it; a 0 beside views is null."] = None
    exact: Annotated[
        bool | None, "Whether all counters are exact; TikTok rounds some. Null without counters."
    ] = None


@dataclass(slots=True, kw_only=True)
class Hashtag:
    """A hashtag: `_id` is its name in lower case, which every response gives, the id is not."""

    id: Annotated[str, "The name in lower case, without #; `_id` in MongoDB."]
    hashtag_id: Annotated[str | None, "TikTok's id of the hashtag."] = None
    name: Annotated[str, "The name as TikTok writes it, without #."] = ""
    description: Annotated[str | None, "TikTok's text about it."] = None
    url: Annotated[str | None, "Address of its page."] = None
    cover: Annotated[str | None, "Address of its picture; signed, it expires."] = None
    commerce: Annotated[bool | None, "Whether TikTok marks it as commercial."] = None
    statistics: Annotated[HashtagStatistics, "The counters when they were observed."] = field(
        default_factory=HashtagStatistics
    )
    layout: Annotated[str, "Which layout of TikTok's it was read from."] = ""
    spider: Annotated[str, "The spider that fetched it."] = ""
    job_id: Annotated[str | None, "The job that asked for it; null in a plain crawl."] = None
    parser_version: Annotated[int, "Version of the code that read it."] = PARSER_VERSION
    schema_version: Annotated[int, "Version of this document's shape."] = SCHEMA_VERSION
    observed_at: Annotated[datetime, "When its response arrived."] = field(kw_only=True)
    first_seen_at: Annotated[datetime | None, "When it was observed for the first time."] = None
