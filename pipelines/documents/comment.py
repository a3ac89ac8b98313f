"""A comment as stored in ``comments``: one dataclass, a sentence for each field."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal

from pipelines.documents.video import PARSER_VERSION, Mention

SCHEMA_VERSION = 1


@dataclass(slots=True, kw_only=True)
class CommentAuthor:
    """Who wrote the comment, as its own response shows them."""

    id: Annotated[str | None, "TikTok's id of the user."] = None
    sec_uid: Annotated[str | None, "TikTok's longer public id of the user."] = None
    username: Annotated[str | None, "The handle, without @; it can change."] = None
    nickname: Annotated[str | None, "The display name; it can change."] = None
    verified: Annotated[bool | None, "Whether TikTok has verified the account."] = None
    avatar: Annotated[str | None, "Address of the avatar; signed, it expires."] = None


@dataclass(slots=True, kw_only=True)
class Comment:
    """A comment on a post, or a reply to one."""

    id: Annotated[str, "TikTok's id of the comment; `_id` in MongoDB."]
    video_id: Annotated[str | None, "Id of the post."] = None
    parent_id: Annotated[str | None, "Id of the comment it stands below; null at the top."] = None
    reply_to_id: Annotated[str | None, "Id of the reply it answers, below the same parent."] = None
    author: Annotated[CommentAuthor, "Who wrote it."] = field(default_factory=CommentAuthor)
    text: Annotated[str | None, "What it says; null for a picture alone."] = None
    language: Annotated[str | None, "Language of the text."] = None
    likes: Annotated[int | None, "How many like it."] = None
    reply_count: Annotated[int | None, "How many replies it has; null for a reply."] = None
    pinned: Annotated[bool | None, "Whether the post's author has pinned it."] = None
    liked_by_author: Annotated[bool | None, "Whether the post's author likes it."] = None
    mentions: Annotated[list[Mention], "Users named in the text."] = field(default_factory=list)
    images: Annotated[list[str], "Addresses of its pictures; signed, they expire."] = field(
        default_factory=list
    )
    created_at: Annotated[datetime | None, "When it was written."] = None
    created_at_source: Annotated[
        Literal["page", "id"] | None, "Whether the time was given or read from the id."
    ] = None
    layout: Annotated[str, "Which layout of TikTok's it was read from."] = ""
    spider: Annotated[str, "The spider that fetched it."] = ""
    job_id: Annotated[str | None, "The job that asked for it; null in a plain crawl."] = None
    parser_version: Annotated[int, "Version of the code that read it."] = PARSER_VERSION
    schema_version: Annotated[int, "Version of this document's shape."] = SCHEMA_VERSION
    observed_at: Annotated[datetime, "When its response arrived."] = field(kw_only=True)
    first_seen_at: Annotated[datetime | None, "When it was observed for the first time."] = None
