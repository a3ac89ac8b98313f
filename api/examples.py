"""Requests and answers as documentation shows them."""

from __future__ import annotations

from typing import Any

EXTRACT_REQUEST: dict[str, Any] = {
    "url": "https://www.tiktok.com/@someone/video/7106594312292453675",
    "extract_metadata": True,
    "extract_country": False,
    "quality": "best",
    "extract_media": True,
}

_FILES = "https://api.example.com/api/v1/video/7106594312292453675"
_SIGNED = "exp=1795553940&account=acc_5f0c1d2e3a4b5c6d7e8f"

EXTRACT_ANSWER: dict[str, Any] = {
    "success": True,
    "video_url": f"{_FILES}/stream?{_SIGNED}&quality=best&sig=9c1e",
    "metadata": {
        "video_id": "7106594312292453675",
        "title": "Morning run",
        "description": "Morning run with @user1 #fyp #viral",
        "author": {
            "username": "someone",
            "nickname": "Some One",
            "verified": True,
            "follower_count": 1000000,
            "avatar": "https://media.example.com/someone.jpeg",
        },
        "statistics": {
            "views": 1000000,
            "likes": 50000,
            "comments": 1000,
            "shares": 500,
            "saves": 2000,
        },
        "music": {
            "title": "original sound",
            "author": "Some One",
            "duration": 15,
            "url": "https://media.example.com/sound.mp3",
        },
        "hashtags": ["fyp", "viral"],
        "mentions": ["@user1"],
        "duration": 15,
        "resolution": "1080x1920",
        "thumbnail": "https://media.example.com/7106594312292453675.jpeg",
        "created_at": "2024-01-15T10:30:00Z",
        "country": None,
        "region": None,
        "type": "video",
        "url": "https://www.tiktok.com/@someone/video/7106594312292453675",
        "images": [],
    },
    "meta": {
        "observed_at": "2024-01-16T08:00:00Z",
        "absent": {"country": "not_requested", "region": "not_requested"},
    },
    "media": {
        "video": {
            "url": f"{_FILES}/stream?{_SIGNED}&quality=best&sig=9c1e",
            "codec": "h265",
            "width": 1080,
            "height": 1920,
            "bitrate": 1226086,
            "size": 2298911,
        },
        "music": {"url": f"{_FILES}/music?{_SIGNED}&sig=02ab"},
        "images": [],
        "subtitles": [
            {
                "language": "eng-US",
                "source": "ASR",
                "vtt": f"{_FILES}/subtitles/eng-US.vtt?{_SIGNED}&source=ASR&sig=77d0",
                "srt": f"{_FILES}/subtitles/eng-US.srt?{_SIGNED}&source=ASR&sig=e41f",
            }
        ],
    },
    "cached": False,
    "requests_remaining": 949,
    "process_time_ms": 1234,
}

BATCH_REQUEST: dict[str, Any] = {
    "urls": [
        "https://www.tiktok.com/@someone/video/7106594312292453675",
        "https://vm.tiktok.com/ZMexample1/",
        "https://example.com/",
    ],
    "extract_metadata": True,
    "max_age": 600,
}

BATCH_ANSWER: dict[str, Any] = {
    "success": True,
    "outcomes": [
        {"url": BATCH_REQUEST["urls"][0], "status": 200, **EXTRACT_ANSWER},
        {
            "url": BATCH_REQUEST["urls"][1],
            "status": 404,
            "success": False,
            "error": "Video not found",
            "detail": "The video may have been deleted or is private",
            "reason": "video_deleted",
            "retryable": False,
            "requests_remaining": 948,
        },
        {
            "url": BATCH_REQUEST["urls"][2],
            "status": 400,
            "success": False,
            "error": "Invalid TikTok URL",
            "detail": "Expected a link to a TikTok video such as"
            " https://www.tiktok.com/@username/video/id",
            "requests_remaining": 948,
        },
    ],
    "process_time_ms": 1310,
}

HEALTH_ANSWER: dict[str, Any] = {
    "status": "healthy",
    "version": "1.0.0",
    "uptime": 99.8,
    "services": {"mongodb": "healthy", "redis": "healthy", "tiktok_api": "operational"},
    "timestamp": "2024-01-15T10:30:00Z",
}

ME_ANSWER: dict[str, Any] = {
    "email": "user@example.com",
    "plan": "pro",
    "status": "active",
    "requests_used": 500,
    "requests_limit": 10000,
    "requests_remaining": 9500,
    "usage_percent": 5.0,
    "rate_limit": "100 per minute",
    "features": {
        "video_extraction": True,
        "metadata_extraction": True,
        "country_detection": True,
        "priority_support": True,
    },
    "billing": {
        "current_period_start": "2024-01-08T00:00:00Z",
        "current_period_end": "2024-02-08T00:00:00Z",
        "next_billing_date": "2024-02-08T00:00:00Z",
    },
    "created_at": "2023-11-08T09:12:44Z",
    "last_request_at": "2024-01-14T10:30:00Z",
}

USAGE_ANSWER: dict[str, Any] = {
    "period": "week",
    "total_requests": 150,
    "successful_requests": 145,
    "failed_requests": 5,
    "cached_requests": 30,
    "cache_hit_rate": 20.0,
    "average_response_time_ms": 1234,
    "requests_by_day": [
        {"date": f"2024-01-{day:02}", "count": count}
        for day, count in enumerate((20, 10, 0, 40, 35, 15, 30), start=8)
    ],
    "top_videos": [
        {
            "video_id": "7106594312292453675",
            "requests": 5,
            "last_requested": "2024-01-14T10:30:00Z",
        }
    ],
}
