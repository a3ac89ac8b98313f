"""The one public shape of a crawl and of its targets, wherever they are shown: API, events, CLI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.links import Target, TargetType

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.jobs.crawl import Counts, Crawl, CrawlTarget

_SITE = "https://www.tiktok.com"


def show_crawl(crawl: Crawl) -> dict[str, Any]:
    """A crawl as JSON."""
    options = crawl.options
    return {
        "id": crawl.id,
        "state": crawl.state.value,
        "created_at": _written(crawl.created_at),
        "started_at": _written(crawl.started_at),
        "finished_at": _written(crawl.finished_at),
        "progress": _progress(crawl.counts),
        "counts": show_counts(crawl.counts),
        "rate": None if crawl.rate is None else round(crawl.rate, 2),
        "eta_s": crawl.eta_s,
        "verdicts": dict(crawl.verdicts),
        "stop_reason": crawl.stop_reason,
        "attempts": crawl.attempts,
        "limit": options.limit,
        "since": _written(options.since),
        "until": _written(options.until),
        "within_s": None if options.within_s is None else int(options.within_s),
        "only_new": options.only_new,
        "max_age": options.max_age,
        "labels": list(options.labels),
        "webhook": options.webhook,
        "webhook_state": crawl.webhook_state,
        "schedule": crawl.schedule,
        "coverage": crawl.coverage,
        "falls": [dict(one) for one in crawl.falls],
    }


def show_target(one: CrawlTarget) -> dict[str, Any]:
    """A target of a crawl as JSON, with its outcome."""
    policy = one.reason.policy if one.reason else None
    return {
        "number": one.number,
        **asked_as(one.target),
        "url": _SITE + one.target.page_path,
        "state": one.state.value,
        "reason": one.reason.value if one.reason else None,
        "retryable": policy.retryable if policy else None,
        "message": one.message,
        "stop_reason": one.stop_reason.value if one.stop_reason else None,
        "collected": one.collected,
        "reported_total": one.reported_total,
        "complete": one.complete,
        "video_id": one.video_id,
        "cached": one.is_cached,
        "attempts": one.attempts,
        "started_at": _written(one.started_at),
        "finished_at": _written(one.finished_at),
    }


def asked_as(target: Target) -> dict[str, str]:
    """The type and the value by which a target can be asked for again."""
    if target.type is TargetType.SHORT:
        return {"type": TargetType.VIDEO.value, "value": _SITE + target.page_path}
    return {"type": target.type.value, "value": target.value}


def _progress(counts: Counts) -> float:
    """Percent of the targets that have their outcome; 100 only when all have."""
    return counts.ended * 1000 // counts.targets / 10 if counts.targets else 100.0


def show_counts(counts: Counts) -> dict[str, int]:
    """How many targets there are in each state, and how many items were delivered."""
    return {
        "targets": counts.targets,
        "pending": counts.targets - counts.ended,
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "cancelled": counts.cancelled,
        "items": counts.items,
    }


def _written(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
