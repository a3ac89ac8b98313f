"""Schedules in MongoDB: made, read, changed, paused, and run at once. When is the timekeeper's."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypedDict

from accounts.collections import ACCOUNTS
from accounts.paging import Page, read_page
from crawler.jobs.collections import CRAWL_JOBS
from crawler.jobs.crawl import CrawlState
from crawler.jobs.crawls import MOST_TARGETS
from crawler.jobs.records import new_id
from crawler.jobs.schedules.collections import SCHEDULE_RUNS, SCHEDULE_TARGETS, SCHEDULES
from crawler.jobs.schedules.schedule import (
    Missed,
    Pending,
    Run,
    RunKind,
    RunState,
    Schedule,
    ScheduleState,
    SkipReason,
    Timing,
    Wish,
)
from crawler.jobs.schedules.starting import Starter, read_stored, stored_target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.jobs.crawl import CrawlOptions
    from crawler.jobs.crawls import Crawls
    from crawler.links import Target
    from services.mongodb import Document

TARGETS_KEPT = timedelta(days=1)
"""How long targets are kept that no schedule names any more: a run may have them in hand."""
_TRIES = 5


class ScheduleError(Exception):
    """What cannot be done with a schedule; the text says why."""


class UnknownScheduleError(ScheduleError):
    """There is no such schedule, or it is another account's."""

    def __init__(self, schedule_id: str) -> None:
        super().__init__(f"there is no schedule {schedule_id}")


class TooManySchedulesError(ScheduleError):
    """The account has as many schedules as it may have."""


class ScheduleBusyError(ScheduleError):
    """It cannot be run now, for the run before has not ended or its account is suspended."""


class Edit(TypedDict, total=False):
    """What is to be changed of a schedule."""

    name: str | None
    timing: Timing
    missed: Missed
    grace_s: int
    options: CrawlOptions
    targets: Sequence[Target]


class Schedules:
    """All schedules. With ``owner`` None every schedule is seen, as the operator sees them."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        crawls: Crawls,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = database.client
        self._schedules = database[SCHEDULES]
        self._targets = database[SCHEDULE_TARGETS]
        self._runs = database[SCHEDULE_RUNS]
        self._jobs = database[CRAWL_JOBS]
        self._accounts = database[ACCOUNTS]
        self._starter = Starter(database, crawls)
        self._clock = clock

    async def create(
        self, wish: Wish, *, owner: str | None, at_most: int | None = None, least_s: int = 1
    ) -> Schedule:
        """Make a schedule; the first run is the next one due.

        Raises:
            ScheduleError: it has no targets, or too many.
            TimetableError: no time can be told from its timing, or it is too often.
            TooManySchedulesError: the owner has ``at_most`` already.
        """
        wish.timing.check(least_s=least_s)
        _check_targets(wish.targets)
        now = self._now()
        begin_at = now.replace(microsecond=0)
        document: Document = {
            "_id": new_id("sched"),
            "owner": owner,
            "name": wish.name,
            "state": ScheduleState.ACTIVE.value,
            **_timing_fields(wish.timing),
            "begin_at": begin_at,
            "missed": wish.missed.value,
            "grace_s": wish.grace_s,
            "options": wish.options.to_document(),
            "target_count": len(wish.targets),
            "targets": new_id("targets"),
            "revision": 1,
            "created_at": now,
            "next_at": wish.timing.timetable(begin_at).next(now),
            "pending": None,
            "last_crawl": None,
        }

        async def write(session: AsyncClientSession) -> None:
            await self._make_room(owner, at_most, session)
            await self._put_targets(document["targets"], wish.targets, session)
            await self._schedules.insert_one(document, session=session)

        async with self._client.start_session() as session:
            await session.with_transaction(write)
        return Schedule.of(document)

    async def get(self, schedule_id: str, *, owner: str | None = None) -> Schedule:
        """The schedule with this id.

        Raises:
            UnknownScheduleError: there is none, or it is not this owner's.
        """
        document = await self._schedules.find_one(_of(schedule_id, owner))
        if document is None:
            raise UnknownScheduleError(schedule_id)
        return Schedule.of(document)

    async def page(
        self, *, owner: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page[Schedule]:
        """Schedules, newest first.

        Raises:
            CursorError: ``cursor`` is none that an earlier page gave.
        """
        query = {} if owner is None else {"owner": owner}
        page = await read_page(self._schedules, query, by="created_at", limit=limit, cursor=cursor)
        return page.of(Schedule.of)

    async def targets(self, schedule: Schedule) -> list[Target]:
        """What a schedule crawls."""
        document = await self._targets.find_one({"_id": schedule.targets})
        return [read_stored(one) for one in document["targets"]] if document else []

    async def edit(
        self,
        schedule_id: str,
        change: Callable[[Schedule], Edit],
        *,
        owner: str | None = None,
        least_s: int = 1,
    ) -> Schedule:
        """Change a schedule; ``change`` may be asked more than once: others may change it too.

        Another timing holds from now on. A run that is in hand goes on as it was.

        Raises:
            UnknownScheduleError: there is none, or it is not this owner's.
            ScheduleError: it would have no targets, or too many.
            TimetableError: no time can be told from its timing, or it is too often.
        """
        for _ in range(_TRIES):
            schedule = await self.get(schedule_id, owner=owner)
            edit = change(schedule)
            if "timing" in edit:
                edit["timing"].check(least_s=least_s)
            if "targets" in edit:
                _check_targets(edit["targets"])
            async with self._client.start_session() as session:
                is_done = await session.with_transaction(
                    lambda session, old=schedule, edit=edit: self._put(old, edit, session)  # type: ignore[misc]
                )
            if is_done:
                return await self.get(schedule_id, owner=owner)
        raise _contended(schedule_id)

    async def pause(self, schedule_id: str, *, owner: str | None = None) -> Schedule:
        """Let nothing of a schedule begin by itself; a crawl that runs goes on.

        Raises:
            UnknownScheduleError: there is none, or it is not this owner's.
        """
        paused = {"state": ScheduleState.PAUSED.value, "next_at": None}
        await self._schedules.update_one(_of(schedule_id, owner), {"$set": paused})
        return await self.get(schedule_id, owner=owner)

    async def resume(self, schedule_id: str, *, owner: str | None = None) -> Schedule:
        """Let a schedule run by itself again; what was due while it was paused is not made up for.

        Raises:
            UnknownScheduleError: there is none, or it is not this owner's.
        """
        for _ in range(_TRIES):
            schedule = await self.get(schedule_id, owner=owner)
            if schedule.state is ScheduleState.ACTIVE:
                return schedule
            next_at = schedule.timetable.next(self._now())
            await self._schedules.update_one(
                {"_id": schedule_id, "revision": schedule.revision, "state": schedule.state.value},
                {"$set": {"state": ScheduleState.ACTIVE.value, "next_at": next_at}},
            )
        raise _contended(schedule_id)

    async def remove(self, schedule_id: str, *, owner: str | None = None) -> Schedule:
        """Remove a schedule; a crawl that runs goes on, and its crawls stay.

        Raises:
            UnknownScheduleError: there is none, or it is not this owner's.
        """
        document = await self._schedules.find_one_and_delete(_of(schedule_id, owner))
        if document is None:
            raise UnknownScheduleError(schedule_id)
        await self._expire(document["targets"])
        return Schedule.of(document)

    async def run(self, schedule_id: str, *, owner: str | None = None) -> Run:
        """Begin a crawl of a schedule now, paused or not; when it is due next stays as it is.

        Raises:
            UnknownScheduleError: there is none, or it is not this owner's.
            ScheduleBusyError: the crawl of the run before has not ended.
        """
        schedule = await self.get(schedule_id, owner=owner)
        if await self._is_busy(schedule):
            raise _busy(schedule)
        now = self._now()
        pending = Pending(due_at=now, taken_at=now, token=secrets.token_hex(8), kind=RunKind.ASKED)
        taken = await self._schedules.find_one_and_update(
            {**_of(schedule_id, owner), "pending": None},
            {"$set": {"pending": pending.to_document()}},
            return_document=True,
        )
        if taken is None:
            raise _busy(schedule)
        (run,) = await self._starter.start([Schedule.of(taken)])
        if run.reason is SkipReason.SUSPENDED:
            raise ScheduleBusyError(f"the account {schedule.owner} is suspended")
        if run.state is not RunState.STARTED:
            raise _busy(schedule)
        return run

    async def runs(
        self, schedule_id: str, *, limit: int = 50, cursor: str | None = None
    ) -> Page[Run]:
        """The runs of a schedule, newest first.

        Raises:
            CursorError: ``cursor`` is none that an earlier page gave.
        """
        query = {"schedule": schedule_id}
        page = await read_page(self._runs, query, by="due_at", limit=limit, cursor=cursor)
        return page.of(Run.of)

    async def crawl_states(self, runs: Sequence[Run]) -> dict[str, CrawlState]:
        """How far the crawls of runs are, by the crawls' ids."""
        ids = [run.crawl for run in runs if run.crawl is not None]
        found = self._jobs.find({"_id": {"$in": ids}}, {"state": 1})
        return {one["_id"]: CrawlState(one["state"]) async for one in found}

    async def _is_busy(self, schedule: Schedule) -> bool:
        if schedule.last_crawl is None:
            return schedule.pending is not None
        crawl = await self._jobs.find_one({"_id": schedule.last_crawl}, {"state": 1})
        is_ended = crawl is None or CrawlState(crawl["state"]).is_ended
        return schedule.pending is not None or not is_ended

    async def _put(self, old: Schedule, edit: Edit, session: AsyncClientSession) -> bool:
        """Write an edit, unless the schedule was changed since it was read."""
        fields: dict[str, Any] = {
            name: edit[name] for name in ("name", "missed", "grace_s") if name in edit
        }
        if "options" in edit:
            fields["options"] = edit["options"].to_document()
        if "timing" in edit and edit["timing"] != old.timing:
            fields |= self._new_timing(old, edit["timing"])
        if "targets" in edit:
            fields |= {"targets": new_id("targets"), "target_count": len(edit["targets"])}
        changed = await self._schedules.update_one(
            {"_id": old.id, "revision": old.revision, "state": old.state.value},
            {"$set": fields | {"revision": old.revision + 1}},
            session=session,
        )
        if changed.matched_count and "targets" in edit:
            await self._put_targets(fields["targets"], edit["targets"], session)
            await self._expire(old.targets, session)
        return changed.matched_count > 0

    def _new_timing(self, old: Schedule, timing: Timing) -> dict[str, Any]:
        now = self._now()
        begin_at = now.replace(microsecond=0)
        is_active = old.state is ScheduleState.ACTIVE
        next_at = timing.timetable(begin_at).next(now) if is_active else None
        return {**_timing_fields(timing), "begin_at": begin_at, "next_at": next_at}

    async def _put_targets(
        self, targets_id: str, targets: Sequence[Target], session: AsyncClientSession
    ) -> None:
        stored = [stored_target(target) for target in targets]
        await self._targets.insert_one({"_id": targets_id, "targets": stored}, session=session)

    async def _expire(self, targets_id: str, session: AsyncClientSession | None = None) -> None:
        expiry = {"$set": {"expire_at": self._now() + TARGETS_KEPT}}
        await self._targets.update_one({"_id": targets_id}, expiry, session=session)

    async def _make_room(
        self, owner: str | None, at_most: int | None, session: AsyncClientSession
    ) -> None:
        """See to it that one more is not too many; others who do so at once wait."""
        if owner is None or at_most is None:
            return
        await self._accounts.update_one(
            {"_id": owner}, {"$inc": {"schedules_made": 1}}, session=session
        )
        count = await self._schedules.count_documents({"owner": owner}, session=session)
        if count >= at_most:
            raise TooManySchedulesError(
                f"the account has {count} schedules, and may have {at_most}"
            )

    def _now(self) -> datetime:
        """The time as precisely as it is stored."""
        now = self._clock()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _of(schedule_id: str, owner: str | None) -> dict[str, Any]:
    return {"_id": schedule_id} if owner is None else {"_id": schedule_id, "owner": owner}


def _timing_fields(timing: Timing) -> dict[str, Any]:
    return {"cron": timing.cron, "timezone": timing.timezone, "every_s": timing.every_s}


def _check_targets(targets: Sequence[Target]) -> None:
    if not 1 <= len(targets) <= MOST_TARGETS:
        raise ScheduleError(f"a schedule has 1 to {MOST_TARGETS} targets, not {len(targets)}")


def _contended(schedule_id: str) -> ScheduleError:
    return ScheduleError(f"{schedule_id} is being changed by others: try again")


def _busy(schedule: Schedule) -> ScheduleBusyError:
    crawl = f": {schedule.last_crawl}" if schedule.last_crawl else ""
    return ScheduleBusyError(f"the crawl of the run before has not ended{crawl}")
