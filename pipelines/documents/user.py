"""A user as stored in ``users``: one dataclass, a sentence for each field."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pipelines.documents.video import PARSER_VERSION

SCHEMA_VERSION = 1


@dataclass(slots=True, kw_only=True)
class UserStatistics:
    """The user's counters at ``observed_at``."""

    followers: Annotated[int | None, "How many follow the account."] = None
    following: Annotated[int | None, "How many accounts it follows."] = None
    likes: Annotated[int | None, "How many likes all its posts have received."] = None
    videos: Annotated[int | None, "How many posts it has."] = None
    liked: Annotated[int | None, "How many posts it likes."] = None
    friends: Annotated[int | None, "How many accounts it follows that follow it back."] = None
    exact: Annotated[
        bool | None, "Whether all counters are exact; TikTok rounds some. Null without counters."
    ] = None


@dataclass(slots=True, kw_only=True)
class User:
    """A TikTok user."""

    id: Annotated[str, "TikTok's id of the user; `_id` in MongoDB."]
    sec_uid: Annotated[str | None, "TikTok's longer public id of the user."] = None
    username: Annotated[str | None, "The handle in lower case, without @; it can change."] = None
    nickname: Annotated[str | None, "The display name; it can change."] = None
    signature: Annotated[str | None, "The profile's text."] = None
    url: Annotated[str | None, "Address of the profile."] = None
    link: Annotated[str | None, "The link that the profile shows."] = None
    avatar: Annotated[str | None, "Address of the largest avatar; signed, it expires."] = None
    verified: Annotated[bool | None, "Whether TikTok has verified the account."] = None
    private: Annotated[bool | None, "Whether the account is private."] = None
    organization: Annotated[bool | None, "Whether it is marked as an organization."] = None
    seller: Annotated[bool | None, "Whether it sells in TikTok's shop."] = None
    commerce: Annotated[bool | None, "Whether it is a business account."] = None
    category: Annotated[str | None, "The business category that it names."] = None
    embeddable: Annotated[bool | None, "Whether the profile may be embedded."] = None
    live_room_id: Annotated[str | None, "Id of its live room; null when it is not live."] = None
    region: Annotated[str | None, "The account's region, in older responses only."] = None
    language: Annotated[str | None, "Language of the account."] = None
    created_at: Annotated[datetime | None, "When the account was made."] = None
    username_changed_at: Annotated[datetime | None, "When the handle was changed last."] = None
    nickname_changed_at: Annotated[datetime | None, "When the name was changed last."] = None
    statistics: Annotated[UserStatistics, "The counters when they were observed."] = field(
        default_factory=UserStatistics
    )
    layout: Annotated[str, "Which layout of TikTok's it was read from."] = ""
    spider: Annotated[str, "The spider that fetched it."] = ""
    job_id: Annotated[str | None, "The job that asked for it; null in a plain crawl."] = None
    parser_version: Annotated[int, "Version of the code that read it."] = PARSER_VERSION
    schema_version: Annotated[int, "Version of this document's shape."] = SCHEMA_VERSION
    observed_at: Annotated[datetime, "When its response arrived."] = field(kw_only=True)
    first_seen_at: Annotated[datetime | None, "When it was observed for the first time."] = None
