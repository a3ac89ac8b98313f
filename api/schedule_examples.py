"""Schedules as documentation shows them."""

from __future__ import annotations

from typing import Any

from api.crawl_examples import CSV

REQUEST: dict[str, Any] = {
    "targets": [{"type": "hashtag", "value": "#cooking"}, {"type": "user", "value": "@someone"}],
    "cron": "30 6 * * MON-FRI",
    "timezone": "Europe/Berlin",
    "name": "each working day",
    "limit": 200,
    "only_new": True,
    "labels": ["spring"],
}
FORM = {"targets": CSV, "every": "3600", "name": "each hour"}
EDIT = {"every": 3600, "limit": 50}
SCHEDULE: dict[str, Any] = {
    "id": "sched_5f0c1d2e3a4b5c6d7e8f",
    "name": "each working day",
    "state": "active",
    "cron": "30 6 * * MON-FRI",
    "timezone": "Europe/Berlin",
    "every": None,
    "missed": "run_once",
    "grace": 300,
    "next_runs": [
        "2024-01-15T05:30:00Z",
        "2024-01-16T05:30:00Z",
        "2024-01-17T05:30:00Z",
        "2024-01-18T05:30:00Z",
        "2024-01-19T05:30:00Z",
    ],
    "target_count": 2,
    "limit": 200,
    "since": None,
    "until": None,
    "within_s": None,
    "only_new": True,
    "max_age": None,
    "labels": ["spring"],
    "webhook": None,
    "last_crawl": "crawl_5f0c1d2e3a4b5c6d7e8f",
    "created_at": "2024-01-08T09:12:44Z",
}
PAUSED = SCHEDULE | {"state": "paused", "next_runs": []}
SCHEDULES = {"schedules": [SCHEDULE], "next_cursor": None}
DETAIL = SCHEDULE | {
    "targets": [{"type": "hashtag", "value": "cooking"}, {"type": "user", "value": "someone"}]
}
RUN = {
    "id": "sched_5f0c1d2e3a4b5c6d7e8f:20240112T053000.000Z",
    "due_at": "2024-01-12T05:30:00Z",
    "begun_at": "2024-01-12T05:30:00Z",
    "kind": "due",
    "state": "started",
    "reason": None,
    "crawl": "crawl_5f0c1d2e3a4b5c6d7e8f",
    "crawl_state": "succeeded",
    "missed_since": None,
}
ASKED = RUN | {"kind": "asked", "crawl_state": "queued"}
RUNS = {"runs": [RUN], "next_cursor": None}
