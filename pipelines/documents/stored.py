"""What the store keeps beside what an observation says: the shapes of documents as they lie there.

The validators and the data dictionary are made from these; whoever reads a post reads a ``Video``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from bson import ObjectId  # noqa: TC002 - hints of fields are read

from pipelines.documents.user import User, UserStatistics
from pipelines.documents.video import Statistics, Video


@dataclass(slots=True, kw_only=True)
class Snapshot:
    """The counters that went to `video_statistics` last."""

    statistics: Annotated[Statistics, "The counters."]
    observed_at: Annotated[datetime, "When they were seen."]
    commit: Annotated[ObjectId, "The write that found them to be news."]


@dataclass(slots=True, kw_only=True)
class UserSnapshot:
    """The counters that went to `user_statistics` last."""

    statistics: Annotated[UserStatistics, "The counters."]
    observed_at: Annotated[datetime, "When they were seen."]
    commit: Annotated[ObjectId, "The write that found them to be news."]


@dataclass(slots=True, kw_only=True)
class StoredVideo(Video):
    """A post, a video or a series of photos, as it is known now."""

    first_seen_at: Annotated[datetime | None, "When it was observed for the first time."] = None
    snapshot: Annotated[Snapshot | None, "Its last row in `video_statistics`."] = None
    gone_at: Annotated[
        datetime | None, "When a crawl first found it gone; missing while it can be seen."
    ] = None
    gone_reason: Annotated[
        str | None,
        "Why, in the words of answers, as the last crawl was told, such as video_deleted.",
    ] = None


@dataclass(slots=True, kw_only=True)
class StoredUser(User):
    """A TikTok user as it is known now."""

    snapshot: Annotated[
        UserSnapshot | None, "Its last row in `user_statistics`; null without counters."
    ] = None


@dataclass(slots=True, kw_only=True)
class RawItem:
    """The last response about something, in TikTok's own keys; it goes after `RAW_TTL_S`."""

    id: Annotated[str, "A post's id, or the kind and the id of something else; `_id` in MongoDB."]
    kind: Annotated[str, "What it is of: video, user, hashtag, music or comment."]
    layout: Annotated[str, "Which layout of TikTok's it was read from."]
    spider: Annotated[str, "The spider that fetched it."]
    observed_at: Annotated[datetime, "When its response arrived."]
    expire_at: Annotated[datetime, "When MongoDB deletes it."]
    data: Annotated[bytes, "TikTok's own object without tokens: JSON, compressed with zstd."]


@dataclass(slots=True, kw_only=True)
class VideoMeta:
    """Whose counters they are."""

    video_id: Annotated[str, "The post."]
    user_id: Annotated[str | None, "Its author."] = None


@dataclass(slots=True, kw_only=True)
class VideoRow(Statistics):
    """The counters of a post at one time; there is a row whenever they had changed."""

    observed_at: Annotated[datetime, "When the counters were seen."]
    meta: Annotated[VideoMeta, "Whose they are."]


@dataclass(slots=True, kw_only=True)
class UserMeta:
    """Whose counters they are."""

    user_id: Annotated[str, "The user."]


@dataclass(slots=True, kw_only=True)
class UserRow(UserStatistics):
    """The counters of a user at one time; there is a row whenever one had changed."""

    observed_at: Annotated[datetime, "When the counters were seen."]
    meta: Annotated[UserMeta, "Whose they are."]
