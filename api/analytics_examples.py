"""Answers with histories and rankings as documentation shows them."""

from __future__ import annotations

from typing import Any

_NUMBERS: dict[str, Any] = {
    "next_cursor": None,
    "cached": True,
    "requests_remaining": 948,
    "process_time_ms": 4,
}
_RANKED: dict[str, Any] = {
    "meta": {"from": "2024-01-10", "to": "2024-01-16", "reaches_at": "2024-01-16T08:00:00Z"},
    **_NUMBERS,
}

VIDEO_HISTORY: dict[str, Any] = {
    "success": True,
    "video_id": "7106594312292453675",
    "step": "day",
    "statistics": [
        {
            "observed_at": "2024-01-15T22:10:00Z",
            "views": 1000000,
            "likes": 50000,
            "comments": 1000,
            "shares": 500,
            "saves": 2000,
            "reposts": None,
            "exact": True,
        }
    ],
    **_NUMBERS,
}
VIDEO_HISTORY_CSV = (
    "observed_at,views,likes,comments,shares,saves,reposts,exact\r\n"
    "2024-01-15T22:10:00Z,1000000,50000,1000,500,2000,,True\r\n"
)
USER_HISTORY: dict[str, Any] = {
    "success": True,
    "username": "someone",
    "user_id": "6812345678901234567",
    "step": None,
    "statistics": [
        {
            "observed_at": "2024-01-15T22:10:00Z",
            "followers": 1000000,
            "following": 120,
            "likes": 25000000,
            "videos": 412,
            "exact": True,
        }
    ],
    **_NUMBERS,
}
USER_HISTORY_CSV = (
    "observed_at,followers,following,likes,videos,exact\r\n"
    "2024-01-15T22:10:00Z,1000000,120,25000000,412,True\r\n"
)
TOP_HASHTAGS: dict[str, Any] = {
    "success": True,
    "hashtags": [
        {
            "rank": 1,
            "hashtag": "cooking",
            "posts": 812,
            "views_gained": 41000000,
            "likes_gained": 2100000,
        }
    ],
    **_RANKED,
}
TOP_HASHTAGS_CSV = (
    "rank,hashtag,posts,views_gained,likes_gained\r\n1,cooking,812,41000000,2100000\r\n"
)
RISING_VIDEOS: dict[str, Any] = {
    "success": True,
    "videos": [
        {
            "rank": 1,
            "video_id": "7106594312292453675",
            "url": "https://www.tiktok.com/@someone/video/7106594312292453675",
            "title": "Morning run",
            "username": "someone",
            "music_id": "6800000000000000001",
            "created_at": "2024-01-15T10:30:00Z",
            "views_gained": 900000,
            "likes_gained": 45000,
            "comments_gained": 900,
            "shares_gained": 450,
            "saves_gained": 1800,
        }
    ],
    **_RANKED,
}
RISING_VIDEOS_CSV = (
    "rank,video_id,url,title,username,…\r\n"
    "1,7106594312292453675,https://www.tiktok.com/@someone/video/7106594312292453675,…\r\n"
)
RISING_MUSIC: dict[str, Any] = {
    "success": True,
    "music": [
        {
            "rank": 1,
            "music_id": "6800000000000000001",
            "title": "original sound",
            "author": "Some One",
            "url": "https://www.tiktok.com/music/-6800000000000000001",
            "posts": 130,
            "posts_before": 12,
            "rise": 118,
            "views_gained": 8200000,
        }
    ],
    **_RANKED,
}
RISING_MUSIC_CSV = (
    "rank,music_id,title,author,url,posts,posts_before,rise,views_gained\r\n"
    "1,6800000000000000001,original sound,Some One,"
    "https://www.tiktok.com/music/-6800000000000000001,130,12,118,8200000\r\n"
)
