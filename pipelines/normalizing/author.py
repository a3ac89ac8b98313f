"""Who made a post."""

from __future__ import annotations

from typing import Any

from pipelines.documents.video import Author
from pipelines.normalizing.counters import first_count
from pipelines.values import as_dict, first_url, to_bool, to_id, to_text, to_time

AVATARS = ("avatarLarger", "avatarMedium", "avatarThumb")


def author_of(item: dict[str, Any]) -> Author:
    """The author as the post's own response shows it; all null when it is missing."""
    author = as_dict(item.get("author")) or as_dict(item.get("authorInfo"))
    # The counters stand beside the author, or inside it on the mobile page.
    holders = (as_dict(item.get("authorStatsV2")), as_dict(item.get("authorStats")), author)
    return Author(
        id=to_id(author.get("id")),
        sec_uid=to_id(author.get("secUid")),
        username=to_text(author.get("uniqueId")),
        nickname=to_text(author.get("nickname")),
        signature=to_text(author.get("signature")),
        verified=to_bool(author.get("verified")),
        private=to_bool(author.get("privateAccount")),
        avatar=first_url(*(author.get(name) for name in AVATARS)),
        region=to_text(author.get("region")),
        created_at=to_time(author.get("createTime")),
        follower_count=first_count(holders, "followerCount"),
        following_count=first_count(holders, "followingCount"),
        heart_count=first_count(holders, "heartCount", "heart"),
        video_count=first_count(holders, "videoCount"),
        liked_count=first_count(holders, "diggCount"),
        friend_count=first_count(holders, "friendCount"),
    )
