"""A sound as stored in ``music``: one dataclass, a sentence for each field."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pipelines.documents.video import PARSER_VERSION

SCHEMA_VERSION = 1


@dataclass(slots=True, kw_only=True)
class MusicStatistics:
    """The sound's counters at ``observed_at``."""

    videos: Annotated[int | None, "How many posts use it."] = None


@dataclass(slots=True, kw_only=True)
class Music:
    """A sound that posts use."""

    id: Annotated[str, "TikTok's id of the sound; `_id` in MongoDB."]
    title: Annotated[str | None, "Its title."] = None
    author: Annotated[str | None, "Its author as TikTok writes it."] = None
    artists: Annotated[list[str], "The authors one by one."] = field(default_factory=list)
    author_id: Annotated[str | None, "TikTok's id of the user who made it."] = None
    author_username: Annotated[str | None, "The handle of the user who made it."] = None
    album: Annotated[str | None, "Its album."] = None
    page_url: Annotated[str | None, "Address of its page."] = None
    duration: Annotated[int | None, "Its length in seconds."] = None
    original: Annotated[bool | None, "Whether it is a user's own sound."] = None
    copyrighted: Annotated[bool | None, "Whether TikTok marks it as copyrighted."] = None
    commerce: Annotated[bool | None, "Whether it is of the commercial library."] = None
    private: Annotated[bool | None, "Whether it is private."] = None
    url: Annotated[str | None, "Address of the audio file; signed, it expires."] = None
    cover: Annotated[str | None, "Address of the cover picture."] = None
    statistics: Annotated[MusicStatistics, "The counters when they were observed."] = field(
        default_factory=MusicStatistics
    )
    layout: Annotated[str, "Which layout of TikTok's it was read from."] = ""
    spider: Annotated[str, "The spider that fetched it."] = ""
    job_id: Annotated[str | None, "The job that asked for it; null in a plain crawl."] = None
    parser_version: Annotated[int, "Version of the code that read it."] = PARSER_VERSION
    schema_version: Annotated[int, "Version of this document's shape."] = SCHEMA_VERSION
    observed_at: Annotated[datetime, "When its response arrived."] = field(kw_only=True)
    first_seen_at: Annotated[datetime | None, "When it was observed for the first time."] = None
