"""Answers to reads as documentation shows them."""

from __future__ import annotations

from typing import Any

from api.examples import EXTRACT_ANSWER

_SEEN = "2024-01-16T08:00:00Z"
_NUMBERS: dict[str, Any] = {"cached": True, "requests_remaining": 948, "process_time_ms": 4}
_ENTITY: dict[str, Any] = {"meta": {"observed_at": _SEEN}, **_NUMBERS}
_LIST: dict[str, Any] = {
    "next_cursor": "2Qy0mBzq4m4GZmFrZQ",
    "meta": {
        "observed_at": _SEEN,
        "collected": 30,
        "reported_total": 412,
        "complete": False,
        "stop_reason": "limit",
    },
    **_NUMBERS,
}

_USER: dict[str, Any] = {
    "user_id": "6812345678901234567",
    "username": "someone",
    "nickname": "Some One",
    "bio": "Bread and mornings",
    "link": "https://example.com",
    "verified": True,
    "private": False,
    "avatar": "https://media.example.com/someone.jpeg",
    "region": None,
    "statistics": {"followers": 1000000, "following": 120, "likes": 25000000, "videos": 412},
    "created_at": "2020-04-06T12:00:00Z",
    "url": "https://www.tiktok.com/@someone",
    "observed_at": _SEEN,
}
_VIDEO: dict[str, Any] = {**EXTRACT_ANSWER["metadata"], "observed_at": _SEEN}

USER: dict[str, Any] = {"success": True, "user": _USER, **_ENTITY}
HASHTAG: dict[str, Any] = {
    "success": True,
    "hashtag": {
        "hashtag_id": "229207",
        "name": "Cooking",
        "description": None,
        "thumbnail": None,
        "statistics": {"videos": 31000000, "views": 240000000000},
        "url": "https://www.tiktok.com/tag/Cooking",
        "observed_at": _SEEN,
    },
    **_ENTITY,
}
MUSIC: dict[str, Any] = {
    "success": True,
    "music": {
        "music_id": "6800000000000000001",
        "title": "original sound",
        "author": "Some One",
        "album": None,
        "duration": 15,
        "original": True,
        "thumbnail": "https://media.example.com/sound.jpeg",
        "statistics": {"videos": 5120},
        "url": "https://www.tiktok.com/music/-6800000000000000001",
        "observed_at": _SEEN,
    },
    **_ENTITY,
}
VIDEOS: dict[str, Any] = {"success": True, "videos": [_VIDEO], **_LIST}
COMMENTS: dict[str, Any] = {
    "success": True,
    "comments": [
        {
            "comment_id": "7106600000000000001",
            "video_id": "7106594312292453675",
            "parent_id": None,
            "text": "Which way did you run?",
            "language": "en",
            "author": {
                "username": "reader",
                "nickname": "A Reader",
                "verified": False,
                "avatar": None,
            },
            "statistics": {"likes": 12, "replies": 1},
            "pinned": False,
            "liked_by_author": True,
            "created_at": "2024-01-15T11:02:00Z",
            "observed_at": _SEEN,
        }
    ],
    **_LIST,
}
RESULTS: dict[str, Any] = {
    "success": True,
    "results": [{"kind": "video", "video": _VIDEO}, {"kind": "user", "user": _USER}],
    **_LIST,
}
ACCEPTED: dict[str, Any] = {
    "success": True,
    "crawl": {
        "id": "crawl_5f0c1d2e3a4b5c6d7e8f",
        "state": "running",
        "url": "https://api.example.com/api/v1/crawls/crawl_5f0c1d2e3a4b5c6d7e8f",
    },
    "retry_after": 5,
    **_NUMBERS,
    "cached": False,
}
