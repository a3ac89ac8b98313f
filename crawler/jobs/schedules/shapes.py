"""The one public shape of a schedule and of its runs, wherever they are shown: API and CLI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.jobs.crawl import CrawlState
    from crawler.jobs.schedules.schedule import Run, Schedule


def show_schedule(schedule: Schedule) -> dict[str, Any]:
    """A schedule as JSON."""
    options, timing = schedule.options, schedule.timing
    return {
        "id": schedule.id,
        "name": schedule.name,
        "state": schedule.state.value,
        "cron": timing.cron,
        "timezone": timing.timezone,
        "every": timing.every_s,
        "missed": schedule.missed.value,
        "grace": schedule.grace_s,
        "next_runs": [written(at) for at in schedule.next_runs()],
        "target_count": schedule.target_count,
        "limit": options.limit,
        "since": written(options.since),
        "until": written(options.until),
        "within_s": None if options.within_s is None else int(options.within_s),
        "only_new": options.only_new,
        "max_age": options.max_age,
        "labels": list(options.labels),
        "webhook": options.webhook,
        "last_crawl": schedule.last_crawl,
        "created_at": written(schedule.created_at),
    }


def show_run(run: Run, crawl_state: CrawlState | None) -> dict[str, Any]:
    """A run as JSON; with the state of its crawl."""
    return {
        "id": run.id,
        "due_at": written(run.due_at),
        "begun_at": written(run.begun_at),
        "kind": run.kind.value,
        "state": run.state.value,
        "reason": run.reason.value if run.reason else None,
        "crawl": run.crawl,
        "crawl_state": crawl_state.value if crawl_state else None,
        "missed_since": written(run.missed_since),
    }


def written(moment: datetime | None) -> str | None:
    """A time as JSON has it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
