"""Webhooks as documentation shows them."""

from __future__ import annotations

from typing import Any

ROTATE_REQUEST = {"overlap_s": 86400}
SECRET: dict[str, Any] = {
    "secret": "whsec_…",
    "created_at": "2024-01-08T09:12:44Z",
    "previous": None,
    "previous_until": None,
}
ROTATED = {
    "secret": "whsec_…",
    "created_at": "2024-01-14T10:30:00Z",
    "previous": "whsec_…",
    "previous_until": "2024-01-15T10:30:00Z",
}
ENDPOINT: dict[str, Any] = {
    "id": "whe_5f0c1d2e3a4b5c6d7e8f",
    "url": "https://example.com/webhooks/tiktok",
    "first_at": "2024-01-08T09:12:44Z",
    "last_success_at": "2024-01-14T10:30:00Z",
    "last_failure_at": None,
    "failing_since": None,
    "off_since": None,
    "off_reason": None,
}
ENDPOINTS = {"endpoints": [ENDPOINT], "next_cursor": None}
BODY = (
    '{"type":"crawl.succeeded","timestamp":"2024-01-15T10:30:00Z","data":{'
    '"id":"crawl_5f0c1d2e3a4b5c6d7e8f","state":"succeeded","stop_reason":null,"counts":'
    '{"targets":2,"succeeded":2,"failed":0,"cancelled":0,"items":2},"labels":["spring"],'
    '"schedule":null,"link":"https://api.example.com/api/v1/crawls/crawl_5f0c1d2e3a4b5c6d7e8f"}}'
)
DELIVERY: dict[str, Any] = {
    "id": "msg_5f0c1d2e3a4b5c6d7e8f",
    "crawl_id": "crawl_5f0c1d2e3a4b5c6d7e8f",
    "endpoint_id": ENDPOINT["id"],
    "url": ENDPOINT["url"],
    "type": "crawl.succeeded",
    "body": BODY,
    "state": "delivered",
    "created_at": "2024-01-15T10:30:00Z",
    "next_at": None,
    "ended_at": "2024-01-15T10:30:06Z",
    "attempts": [
        {
            "at": "2024-01-15T10:30:00Z",
            "status": 502,
            "error": "status",
            "duration_ms": 41,
            "response": "Bad gateway",
        },
        {
            "at": "2024-01-15T10:30:06Z",
            "status": 204,
            "error": None,
            "duration_ms": 38,
            "response": "",
        },
    ],
}
DELIVERIES = {"deliveries": [DELIVERY], "next_cursor": None}
REDELIVERED = {
    **DELIVERY,
    "state": "waiting",
    "next_at": "2024-01-15T12:00:00Z",
    "ended_at": None,
}
