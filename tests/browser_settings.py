"""Scrapy's settings with little patience, for a browser worker on the test site."""

from __future__ import annotations

from settings.scrapy import *  # noqa: F403

TIKTOK_LIST_PATIENCE = {
    "idle_s": 0.3,
    "end_scrolls": 2,
    "stuck_scrolls": 4,
    "answer_s": 2,
    "challenge_s": 3,
}
