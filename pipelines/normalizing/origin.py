"""Where a document comes from: the same of every kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.items import RawItem


class Origin(TypedDict):
    """The fields of a document that tell of its crawl."""

    observed_at: datetime
    layout: str
    spider: str
    job_id: str | None


def origin_of(raw: RawItem) -> Origin:
    """When, by what and for which job the raw item was fetched."""
    return {
        "observed_at": raw.observed_at,
        "layout": raw.layout.value,
        "spider": raw.spider,
        "job_id": raw.job.id if raw.job else None,
    }
