"""From a run that was taken on to its crawl, in steps that change nothing when done twice.

The record of a run is written before its crawl, and the crawl's id follows from the run's. So
whoever died on the way is followed by another, and who was thought dead does no harm.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from accounts.accounts import Status
from accounts.collections import ACCOUNTS
from crawler.jobs.collections import CRAWL_JOBS
from crawler.jobs.crawl import CrawlState
from crawler.jobs.crawls import NewCrawl
from crawler.jobs.schedules.collections import SCHEDULE_RUNS, SCHEDULE_TARGETS, SCHEDULES
from crawler.jobs.schedules.schedule import (
    Pending,
    Run,
    RunState,
    Schedule,
    SkipReason,
    crawl_id_of,
    run_id,
)
from crawler.links import Target, TargetType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.jobs.crawls import Crawls
    from services.mongodb import Document

RUNS_KEPT = timedelta(days=90)
"""How long the record of a run is kept."""
_DUPLICATE_KEY = 11000
_ACTIVE = [state.value for state in CrawlState if not state.is_ended]


class Starter:
    """Starts runs that somebody has taken on."""

    def __init__(self, database: AsyncDatabase[Document], crawls: Crawls) -> None:
        self._schedules = database[SCHEDULES]
        self._targets = database[SCHEDULE_TARGETS]
        self._runs = database[SCHEDULE_RUNS]
        self._jobs = database[CRAWL_JOBS]
        self._accounts = database[ACCOUNTS]
        self._crawls = crawls

    async def start(self, schedules: Sequence[Schedule]) -> list[Run]:
        """Start the pending run of each of these schedules, and answer what became of them.

        Raises:
            PyMongoError: MongoDB does not answer; what is left is started by another later.
        """
        runs = await self._record(schedules)
        await self._crawl([pair for pair in runs if pair[1].state is RunState.STARTED])
        await self._finish(runs)
        return [run for _, run in runs]

    async def _record(self, schedules: Sequence[Schedule]) -> list[tuple[Schedule, Run]]:
        """The record of each run, which is that of who was first."""
        busy, suspended = await self._busy(schedules), await self._suspended(schedules)
        runs: list[tuple[Schedule, Run]] = []
        for schedule in schedules:
            if schedule.pending is not None:
                reason = SkipReason.OVERLAP if schedule.last_crawl in busy else None
                reason = SkipReason.SUSPENDED if schedule.owner in suspended else reason
                runs.append((schedule, _run(schedule, schedule.pending, reason)))
        others = await self._insert([run for _, run in runs])
        return [(schedule, others.get(run.id, run)) for schedule, run in runs]

    async def _insert(self, runs: Sequence[Run]) -> dict[str, Run]:
        """Insert records, and answer those that were there already."""
        documents = [{**run.to_document(), "expire_at": run.begun_at + RUNS_KEPT} for run in runs]
        try:
            await self._runs.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            wrong = error.details["writeErrors"]
            if any(one["code"] != _DUPLICATE_KEY for one in wrong):
                raise
            ids = [runs[one["index"]].id for one in wrong]
            found = self._runs.find({"_id": {"$in": ids}})
            return {document["_id"]: Run.of(document) async for document in found}
        return {}

    async def _busy(self, schedules: Sequence[Schedule]) -> set[str]:
        """Those of their last crawls that have not ended."""
        ids = [one.last_crawl for one in schedules if one.last_crawl is not None]
        query: dict[str, Any] = {"_id": {"$in": ids}, "state": {"$in": _ACTIVE}}
        return {found["_id"] async for found in self._jobs.find(query, {"_id": 1})}

    async def _suspended(self, schedules: Sequence[Schedule]) -> set[str]:
        ids = list({one.owner for one in schedules if one.owner is not None})
        query: dict[str, Any] = {"_id": {"$in": ids}, "status": Status.SUSPENDED.value}
        return {found["_id"] async for found in self._accounts.find(query, {"_id": 1})}

    async def _crawl(self, runs: Sequence[tuple[Schedule, Run]]) -> None:
        ids = list({run.targets for _, run in runs})
        lists = {one["_id"]: one["targets"] async for one in self._targets.find(_among(ids))}
        await self._crawls.create_all(
            [
                NewCrawl(
                    id=run.crawl,
                    targets=[read_stored(one) for one in lists[run.targets]],
                    options=schedule.options,
                    owner=schedule.owner,
                    schedule=schedule.id,
                )
                for schedule, run in runs
                if run.crawl is not None and run.targets in lists
            ]
        )

    async def _finish(self, runs: Sequence[tuple[Schedule, Run]]) -> None:
        """Have the schedules no longer in hand, those that still are."""
        await self._schedules.bulk_write(
            [
                UpdateOne(
                    {"_id": schedule.id, "pending.token": schedule.pending.token},
                    {
                        "$set": {"pending": None}
                        | ({"last_crawl": run.crawl} if run.crawl is not None else {})
                    },
                )
                for schedule, run in runs
                if schedule.pending is not None
            ],
            ordered=False,
        )


def stored_target(target: Target) -> Document:
    """A target as it is stored with a schedule."""
    return {"type": target.type.value, "value": target.value, "username": target.username}


def read_stored(document: Document) -> Target:
    """The target that was stored."""
    return Target(
        type=TargetType(document["type"]),
        value=document["value"],
        username=document["username"],
    )


def _run(schedule: Schedule, pending: Pending, reason: SkipReason | None) -> Run:
    state = RunState.STARTED
    if pending.is_missed:
        state, reason = RunState.MISSED, None
    elif reason is not None:
        state = RunState.SKIPPED
    name = run_id(schedule.id, pending.due_at)
    return Run(
        id=name,
        schedule=schedule.id,
        due_at=pending.due_at,
        begun_at=pending.taken_at,
        kind=pending.kind,
        state=state,
        reason=reason,
        crawl=crawl_id_of(name) if state is RunState.STARTED else None,
        missed_since=pending.missed_since,
        targets=schedule.targets,
    )


def _among(ids: Sequence[str]) -> dict[str, Any]:
    return {"_id": {"$in": ids}}
