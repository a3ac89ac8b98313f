"""``v_videos_flat`` and ``v_user_latest``: a post or a user a row, as they are known now."""

from __future__ import annotations

from analysis.views.columns import columns_of, projection_of
from analysis.views.view import Column, Type, View
from pipelines.collections import USERS, VIDEOS
from pipelines.documents.stored import StoredUser, StoredVideo

OF_VIDEO = {
    "video_id": "_id",
    "type": "type",
    "url": "url",
    "title": "title",
    "description": "description",
    "created_at": "created_at",
    "user_id": "author.id",
    "username": "author.username",
    "nickname": "author.nickname",
    "verified": "author.verified",
    "followers": "author.follower_count",
    "views": "statistics.views",
    "likes": "statistics.likes",
    "comments": "statistics.comments",
    "shares": "statistics.shares",
    "saves": "statistics.saves",
    "reposts": "statistics.reposts",
    "exact": "statistics.exact",
    "music_id": "music.id",
    "music_title": "music.title",
    "music_author": "music.author",
    "music_original": "music.original",
    "duration": "duration",
    "width": "width",
    "height": "height",
    "language": "language",
    "spoken_language": "spoken_language",
    "country": "country",
    "region": "region",
    "place": "place.name",
    "city": "place.city",
    "duet_of": "duet_of",
    "stitch_of": "stitch_of",
    "category": "category",
    "ad": "ad",
    "ai_generated": "ai_generated",
    "pinned": "pinned",
    "observed_at": "observed_at",
    "first_seen_at": "first_seen_at",
    "gone_at": "gone_at",
    "gone_reason": "gone_reason",
}
OF_USER = {
    "user_id": "_id",
    "username": "username",
    "nickname": "nickname",
    "signature": "signature",
    "url": "url",
    "link": "link",
    "verified": "verified",
    "private": "private",
    "organization": "organization",
    "seller": "seller",
    "commerce": "commerce",
    "category": "category",
    "region": "region",
    "language": "language",
    "created_at": "created_at",
    "followers": "statistics.followers",
    "following": "statistics.following",
    "likes": "statistics.likes",
    "videos": "statistics.videos",
    "liked": "statistics.liked",
    "friends": "statistics.friends",
    "exact": "statistics.exact",
    "observed_at": "observed_at",
    "first_seen_at": "first_seen_at",
}
WORDS = {"hashtags": "hashtags", "labels": "labels", "keywords": "keywords"}
"""Lists of words, which a column holds joined."""

VIDEOS_FLAT = View(
    name="v_videos_flat",
    meaning="A post as it is known now.",
    source=VIDEOS,
    pipeline=[
        {
            "$project": projection_of(OF_VIDEO)
            | {
                name: {
                    "$reduce": {
                        "input": {"$ifNull": [f"${path}", []]},
                        "initialValue": None,
                        "in": {
                            "$cond": [
                                {"$eq": ["$$value", None]},
                                "$$this",
                                {"$concat": ["$$value", ", ", "$$this"]},
                            ]
                        },
                    }
                }
                for name, path in WORDS.items()
            }
            | {"hashtag_count": {"$size": {"$ifNull": ["$hashtags", []]}}}
        }
    ],
    columns=columns_of(StoredVideo, OF_VIDEO)
    | {
        "hashtags": Column(type=Type.TEXT, meaning="Its hashtags without #, joined by a comma."),
        "labels": Column(type=Type.TEXT, meaning="TikTok's topic labels, joined by a comma."),
        "keywords": Column(type=Type.TEXT, meaning="TikTok's tags, joined by a comma."),
        "hashtag_count": Column(type=Type.WHOLE, meaning="How many hashtags it has."),
    },
)
USER_LATEST = View(
    name="v_user_latest",
    meaning="A user as they are known now.",
    source=USERS,
    pipeline=[{"$project": projection_of(OF_USER)}],
    columns=columns_of(StoredUser, OF_USER),
)
