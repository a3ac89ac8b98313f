"""Crawls as documentation shows them."""

from __future__ import annotations

from typing import Any

import orjson

from api.examples import EXTRACT_ANSWER

REQUEST: dict[str, Any] = {
    "targets": [
        {"type": "video", "value": "https://www.tiktok.com/@someone/video/7106594312292453675"},
        {"type": "user", "value": "@someone"},
    ],
    "limit": 200,
    "since": "2024-01-01",
    "labels": ["spring"],
    "webhook": "https://example.com/webhooks/tiktok",
}
CSV = "type,value\nvideo,https://www.tiktok.com/@someone/video/7106594312292453675\nuser,@someone\n"
FORM = {"targets": CSV, "limit": "200", "labels": "spring"}
PREVIEW = {
    "dry_run": True,
    "targets": 2,
    "duplicates": 0,
    "stored": 1,
    "least_requests": 1,
    "most_requests": 201,
    "requests_remaining": 949,
}
QUEUED: dict[str, Any] = {
    "id": "crawl_5f0c1d2e3a4b5c6d7e8f",
    "state": "queued",
    "created_at": "2024-01-15T10:30:00Z",
    "started_at": None,
    "finished_at": None,
    "progress": 0.0,
    "counts": {
        "targets": 2,
        "pending": 2,
        "succeeded": 0,
        "failed": 0,
        "cancelled": 0,
        "items": 0,
    },
    "rate": None,
    "eta_s": None,
    "verdicts": {},
    "stop_reason": None,
    "attempts": 1,
    "limit": 200,
    "since": "2024-01-01T00:00:00Z",
    "until": None,
    "within_s": None,
    "only_new": False,
    "max_age": None,
    "labels": ["spring"],
    "webhook": "https://example.com/webhooks/tiktok",
    "webhook_state": None,
    "schedule": None,
    "coverage": None,
    "falls": [],
}
_RUNNING = QUEUED | {
    "state": "running",
    "started_at": "2024-01-15T10:30:01Z",
    "progress": 50.0,
    "counts": QUEUED["counts"] | {"pending": 1, "succeeded": 1, "items": 121},
    "rate": 0.1,
    "eta_s": 10,
    "verdicts": {"stored": 1},
}
CANCELLED = _RUNNING | {"stop_reason": "cancelled"}
SUCCEEDED = _RUNNING | {
    "state": "succeeded",
    "finished_at": "2024-01-15T10:30:12Z",
    "progress": 100.0,
    "counts": QUEUED["counts"] | {"pending": 0, "succeeded": 2, "items": 201},
    "rate": None,
    "eta_s": None,
    "verdicts": {"stored": 1, "limit": 1},
    "webhook_state": "delivered",
    "coverage": {"description": 1.0, "music.title": 0.98},
}
RETRIED = QUEUED | {"attempts": 2}
CRAWLS = {"crawls": [SUCCEEDED], "next_cursor": None}
_VIDEO = {
    "number": 1,
    "type": "video",
    "value": "7106594312292453675",
    "url": "https://www.tiktok.com/@someone/video/7106594312292453675",
    "state": "succeeded",
    "reason": None,
    "retryable": None,
    "message": None,
    "stop_reason": None,
    "collected": None,
    "reported_total": None,
    "complete": None,
    "video_id": "7106594312292453675",
    "cached": False,
    "attempts": 1,
    "started_at": "2024-01-15T10:30:01Z",
    "finished_at": "2024-01-15T10:30:02Z",
}
_LIST = _VIDEO | {
    "number": 2,
    "type": "user",
    "value": "someone",
    "url": "https://www.tiktok.com/@someone",
    "stop_reason": "limit",
    "collected": 200,
    "reported_total": 812,
    "complete": False,
    "video_id": None,
    "finished_at": "2024-01-15T10:30:12Z",
}
DETAIL = SUCCEEDED | {"targets": [_VIDEO, _LIST], "next_cursor": None}
ITEM = {
    "sequence": 1,
    "kind": "video",
    "target": 1,
    "delivered_at": "2024-01-15T10:30:02Z",
    "item": EXTRACT_ANSWER["metadata"] | {"observed_at": "2024-01-15T10:30:02Z"},
}
ITEMS = {"items": [ITEM], "next_cursor": None}
ITEMS_JSONL = orjson.dumps(ITEM).decode() + "\n"
ITEMS_CSV = (
    "sequence,kind,target,delivered_at,video_id,title,…\r\n"
    "1,video,1,2024-01-15T10:30:02Z,7106594312292453675,Morning run,…\r\n"
)
EVENTS = (
    "id: 1705314602000-0\nevent: target\n"
    'data: {"number":1,"type":"video","value":"7106594312292453675","state":"succeeded",…}\n\n'
    "id: 1705314612000-0\nevent: end\n"
    'data: {"id":"crawl_5f0c1d2e3a4b5c6d7e8f","state":"succeeded",…}\n\n'
)
