"""Scrapy's settings of a worker that stores posts and keeps no history of their counters."""

from __future__ import annotations

from settings.scrapy import *  # noqa: F403
from settings.scrapy import ITEM_PIPELINES as _PIPELINES

ITEM_PIPELINES = {
    name: order for name, order in _PIPELINES.items() if not name.endswith(".SnapshotsPipeline")
}
