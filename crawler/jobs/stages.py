"""The stages of a job in the trace of the request that asked for it, and its id in the log."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from services import logs, tracing

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from crawler.jobs.records import Job

_UNTOLD = contextlib.nullcontext(tracing.SILENCE)


def stage(name: str, job: Job | None) -> AbstractContextManager[tracing.Span]:
    """A span around one stage of a job, if its request is traced."""
    if job is None or not job.traceparent:
        return _UNTOLD
    return tracing.span(name, parent=job.traceparent, job_id=job.id)


def begin(job: Job) -> None:
    """Tell how long a job has waited on the queue."""
    tracing.tell(
        "queue wait",
        parent=job.traceparent,
        began_at=job.asked_at,
        job_id=job.id,
        lane=job.lane.value,
        tries=job.tries,
    )


def name_in_log(job: Job | None) -> None:
    """Let the lines of the running task bear the job's id."""
    logs.about.set(job.id if job is not None else "-")
