"""Items as answers show them, wherever they are answered."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from api.schemas.fields import shown
from api.schemas.video import Metadata


def _may(kind: type[fields.Field[Any]], description: str) -> Any:
    """A field that is null where TikTok does not tell."""
    return shown(kind, description, allow_none=True)


_SEEN = "When it was seen on TikTok, ISO 8601 in UTC."


class VideoItem(Metadata):
    """A post; its file is had by its id."""

    observed_at = shown(fields.String, _SEEN)


class UserStatisticsItem(Schema):
    """The user's counters."""

    followers = _may(fields.Integer, "How many follow the account.")
    following = _may(fields.Integer, "How many accounts it follows.")
    likes = _may(fields.Integer, "How many likes all its posts have received.")
    videos = _may(fields.Integer, "How many posts it has.")


class UserItem(Schema):
    """A user."""

    user_id = shown(fields.String, "TikTok's id of the user.")
    username = _may(fields.String, "The handle, without @; it can change.")
    nickname = _may(fields.String, "The display name; it can change.")
    bio = _may(fields.String, "The profile's text.")
    link = _may(fields.String, "The link that the profile shows.")
    verified = _may(fields.Boolean, "Whether TikTok has verified the account.")
    private = _may(fields.Boolean, "Whether the account is private.")
    avatar = _may(fields.String, "Address of the avatar; signed, it expires.")
    region = _may(fields.String, "The account's region, in older responses only.")
    statistics = fields.Nested(UserStatisticsItem, required=True)
    created_at = _may(fields.String, "When the account was made.")
    url = _may(fields.String, "Address of the profile.")
    observed_at = shown(fields.String, _SEEN)


class HashtagStatisticsItem(Schema):
    """The hashtag's counters."""

    videos = _may(fields.Integer, "How many posts bear it.")
    views = _may(fields.Integer, "How often its posts were played.")


class HashtagItem(Schema):
    """A hashtag."""

    hashtag_id = _may(fields.String, "TikTok's id of the hashtag.")
    name = _may(fields.String, "The name as TikTok writes it, without #.")
    description = _may(fields.String, "TikTok's text about it.")
    thumbnail = _may(fields.String, "Address of its picture; signed, it expires.")
    statistics = fields.Nested(HashtagStatisticsItem, required=True)
    url = _may(fields.String, "Address of its page.")
    observed_at = shown(fields.String, _SEEN)


class MusicStatisticsItem(Schema):
    """The sound's counters."""

    videos = _may(fields.Integer, "How many posts use it.")


class MusicItem(Schema):
    """A sound."""

    music_id = shown(fields.String, "TikTok's id of the sound.")
    title = _may(fields.String, "Its title.")
    author = _may(fields.String, "Its author as TikTok writes it.")
    album = _may(fields.String, "Its album.")
    duration = _may(fields.Integer, "Its length in seconds.")
    original = _may(fields.Boolean, "Whether it is a user's own sound.")
    thumbnail = _may(fields.String, "Address of its cover.")
    statistics = fields.Nested(MusicStatisticsItem, required=True)
    url = shown(fields.String, "Address of its page.")
    observed_at = shown(fields.String, _SEEN)


class CommentAuthorItem(Schema):
    """Who wrote the comment."""

    username = _may(fields.String, "The handle, without @; it can change.")
    nickname = _may(fields.String, "The display name; it can change.")
    verified = _may(fields.Boolean, "Whether TikTok has verified the account.")
    avatar = _may(fields.String, "Address of the avatar; signed, it expires.")


class CommentStatisticsItem(Schema):
    """The comment's counters."""

    likes = _may(fields.Integer, "How many like it.")
    replies = _may(fields.Integer, "How many replies it has; null for a reply.")


class CommentItem(Schema):
    """A comment on a post, or a reply to one."""

    comment_id = shown(fields.String, "TikTok's id of the comment.")
    video_id = _may(fields.String, "Id of the post.")
    parent_id = _may(fields.String, "Id of the comment it stands below; null at the top.")
    text = _may(fields.String, "What it says; null for a picture alone.")
    language = _may(fields.String, "Language of the text.")
    author = fields.Nested(CommentAuthorItem, required=True)
    statistics = fields.Nested(CommentStatisticsItem, required=True)
    pinned = _may(fields.Boolean, "Whether the post's author has pinned it.")
    liked_by_author = _may(fields.Boolean, "Whether the post's author likes it.")
    created_at = _may(fields.String, "When it was written.")
    observed_at = shown(fields.String, _SEEN)
