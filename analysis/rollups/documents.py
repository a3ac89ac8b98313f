"""The rows of the roll-ups: one dataclass a collection, a sentence for each field.

A growth is told only between exact counters: what TikTok rounds would seem to stand still and then
to leap.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pipelines.documents.mongo import Change


@dataclass(slots=True, kw_only=True)
class _Row:
    id: Annotated[str, "The day and what the row is of, such as 2026-03-01:7106594312292453675."]
    day: Annotated[datetime, "The day's beginning (UTC)."]
    rolled_at: Annotated[datetime, "When the row was made of what was stored then."]


@dataclass(slots=True, kw_only=True)
class VideoDaily(_Row):
    """A post on a day (UTC) on which its counters were seen to have changed."""

    video_id: Annotated[str, "The post."]
    user_id: Annotated[str | None, "Its author."] = None
    music_id: Annotated[str | None, "Its sound."] = None
    hashtags: Annotated[list[str], "Its hashtags in lower case, each once."] = field(
        default_factory=list
    )
    country: Annotated[str | None, "Where it was uploaded, ISO 3166-1 alpha-2."] = None
    language: Annotated[str | None, "Language of the caption."] = None
    created_at: Annotated[datetime | None, "When the post was made."] = None
    views: Annotated[int | None, "Its views when last seen on that day."] = None
    likes: Annotated[int | None, "Its likes then."] = None
    comments: Annotated[int | None, "Its comments then."] = None
    shares: Annotated[int | None, "Its shares then."] = None
    saves: Annotated[int | None, "How often it was among favourites then."] = None
    views_gained: Annotated[
        Change | None,
        "Views more than on the last day before with exact counters; null unless both are exact.",
    ] = None
    likes_gained: Annotated[Change | None, "Likes more than on that day."] = None
    comments_gained: Annotated[Change | None, "Comments more than on that day."] = None
    shares_gained: Annotated[Change | None, "Shares more than on that day."] = None
    saves_gained: Annotated[Change | None, "Favourites more than on that day."] = None
    days: Annotated[int | None, "How many days the growth is of; null without one."] = None
    first: Annotated[
        bool,
        "Whether it is the post's first row; that of a post no older than 7 days has grown from"
        " nothing since it was made.",
    ] = False
    exact: Annotated[bool | None, "Whether the counters are exact; null without any."] = None
    observed_at: Annotated[
        datetime, "When they were seen: last on that day, exact ones before rounded ones."
    ]


@dataclass(slots=True, kw_only=True)
class UserDaily(_Row):
    """A user on a day (UTC) on which a counter of theirs was seen to have changed."""

    user_id: Annotated[str, "The user."]
    username: Annotated[str | None, "Their handle as it is known now."] = None
    region: Annotated[str | None, "The account's region, where known."] = None
    language: Annotated[str | None, "Language of the account."] = None
    followers: Annotated[int | None, "Their followers as last known on that day."] = None
    following: Annotated[int | None, "How many accounts they followed."] = None
    likes: Annotated[int | None, "How many likes all their posts had."] = None
    videos: Annotated[int | None, "How many posts they had."] = None
    followers_gained: Annotated[
        Change | None,
        "Followers more than on the last day before with exact counters; null unless both are"
        " exact.",
    ] = None
    following_gained: Annotated[Change | None, "Accounts followed more than on that day."] = None
    likes_gained: Annotated[Change | None, "Likes more than on that day."] = None
    videos_gained: Annotated[Change | None, "Posts more than on that day."] = None
    days: Annotated[int | None, "How many days the growth is of; null without one."] = None
    first: Annotated[bool, "Whether it is the user's first row."] = False
    exact: Annotated[bool | None, "Whether the counters are exact; null without any."] = None
    observed_at: Annotated[
        datetime, "When they were seen: last on that day, exact ones before rounded ones."
    ]


@dataclass(slots=True, kw_only=True)
class _Sums(_Row):
    posts: Annotated[int, "How many stored posts were made on that day."]
    authors: Annotated[int, "How many users made them; days cannot be added up."]
    active: Annotated[int, "How many posts have a growth on that day."]
    views_gained: Annotated[Change, "The views that these gained."]
    likes_gained: Annotated[Change, "The likes that they gained."]
    comments_gained: Annotated[Change, "The comments that they gained."]
    shares_gained: Annotated[Change, "The shares that they gained."]
    saves_gained: Annotated[Change, "The favourites that they gained."]


@dataclass(slots=True, kw_only=True)
class Part:
    """What posts of one country and language have of a sum."""

    country: Annotated[str | None, "Where the posts were uploaded, ISO 3166-1 alpha-2."] = None
    language: Annotated[str | None, "Language of their captions."] = None
    posts: Annotated[int, "How many were made on that day."]
    active: Annotated[int, "How many have a growth on that day."]
    views_gained: Annotated[Change, "The views that these gained."]
    likes_gained: Annotated[Change, "The likes that they gained."]


@dataclass(slots=True, kw_only=True)
class HashtagDaily(_Sums):
    """A hashtag on a day (UTC) on which posts with it were made or grew."""

    hashtag: Annotated[str, "The hashtag in lower case."]
    parts: Annotated[list[Part], "The same by country and language."] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class MusicDaily(_Sums):
    """A sound on a day (UTC) on which posts with it were made or grew."""

    music_id: Annotated[str, "TikTok's id of the sound."]
    parts: Annotated[list[Part], "The same by country and language."] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class CountryDaily(_Sums):
    """A country and a language on a day (UTC) on which posts of theirs were made or grew."""

    country: Annotated[str | None, "Where the posts were uploaded, ISO 3166-1 alpha-2."] = None
    language: Annotated[str | None, "Language of their captions."] = None


@dataclass(slots=True, kw_only=True)
class Rebuilding:
    """A rebuild by hand that has not ended."""

    since: Annotated[datetime | None, "The first day that it makes anew; null for all."] = None
    after: Annotated[str, "The last id that is done; empty at the beginning."] = ""
    began_at: Annotated[datetime, "When it began."]


@dataclass(slots=True, kw_only=True)
class RolledUp:
    """How far the rows of a time series are in the roll-ups."""

    id: Annotated[str, "The time series; `_id` in MongoDB."]
    reaches_at: Annotated[
        datetime | None, "What was stored before is in the roll-ups; null before the first time."
    ] = None
    rebuilding: Annotated[Rebuilding | None, "A rebuild that goes on here; null without one."] = (
        None
    )
