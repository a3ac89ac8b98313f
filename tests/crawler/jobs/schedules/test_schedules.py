from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from accounts.accounts import Accounts, Status
from accounts.errors import CursorError
from crawler.jobs.crawl import CrawlOptions, CrawlState
from crawler.jobs.schedules.collections import SCHEDULE_TARGETS
from crawler.jobs.schedules.schedule import Missed, RunKind, RunState, ScheduleState, Timing, Wish
from crawler.jobs.schedules.schedules import (
    ScheduleBusyError,
    ScheduleError,
    TooManySchedulesError,
    UnknownScheduleError,
)
from crawler.jobs.schedules.timetable import TimetableError
from settings.plans import PlanName
from tests.crawler.jobs.schedules.conftest import BEGIN, EACH_MINUTE, MARA, POST

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.jobs.schedules.schedule import Schedule
    from crawler.jobs.schedules.schedules import Edit
    from tests.crawler.jobs.schedules.conftest import House

DAILY = Timing(cron="30 6 * * *", timezone="Europe/Berlin")


async def test_a_schedule_is_read_as_it_was_made(house: House) -> None:
    options = CrawlOptions(limit=5, since=BEGIN, labels=("a",), max_age=60)
    made = await house.make(
        DAILY, owner="acc_1", name="shoes", missed=Missed.SKIP, grace_s=60, options=options
    )
    read = await house.schedules.get(made.id)
    assert read == made
    assert (read.owner, read.name, read.timing, read.options) == ("acc_1", "shoes", DAILY, options)
    assert (read.missed, read.grace_s, read.target_count) == (Missed.SKIP, 60, 2)
    assert await house.schedules.targets(read) == [MARA, POST]


async def test_the_next_five_runs_are_shown(house: House) -> None:
    made = await house.make(DAILY)
    first = BEGIN.replace(day=2, hour=5, minute=30)
    assert made.next_runs() == [first + timedelta(days=number) for number in range(5)]
    every = await house.make(EACH_MINUTE)
    assert every.next_runs(2) == [BEGIN + timedelta(seconds=60), BEGIN + timedelta(seconds=120)]
    assert (await house.schedules.pause(every.id)).next_runs() == []


@pytest.mark.parametrize("count", [0, 10_001])
async def test_a_schedule_has_neither_no_targets_nor_too_many(house: House, count: int) -> None:
    with pytest.raises(ScheduleError, match=f"not {count}"):
        await house.make(targets=[MARA] * count)


@pytest.mark.parametrize(
    "timing", [Timing(cron="often"), Timing(), Timing(every_s=0), Timing(every_s=60, timezone="X")]
)
async def test_a_schedule_without_a_time_is_refused(house: House, timing: Timing) -> None:
    with pytest.raises(TimetableError):
        await house.make(timing)


async def test_an_account_has_no_more_schedules_than_it_may(house: House) -> None:
    account = await Accounts(house.database).create("someone@example.com", PlanName.PRO)
    made = await house.make(owner=account.id)
    wish = _wish_of(made)
    tries = await asyncio.gather(
        *(house.schedules.create(wish, owner=account.id, at_most=3) for _ in range(5)),
        return_exceptions=True,
    )
    refused = [one for one in tries if isinstance(one, TooManySchedulesError)]
    assert len(refused) == 3
    assert len((await house.schedules.page(owner=account.id)).items) == 3
    await house.schedules.remove(made.id)
    await house.schedules.create(wish, owner=account.id, at_most=3)


def _wish_of(schedule: Schedule) -> Wish:
    return Wish(timing=schedule.timing, targets=[MARA])


async def test_a_schedule_is_seen_by_its_owner_and_by_the_operator(house: House) -> None:
    mine, theirs = await house.make(owner="acc_1"), await house.make(owner="acc_2")
    house.clock.pass_by(1)
    own = await house.make()
    assert [one.id for one in (await house.schedules.page(owner="acc_1")).items] == [mine.id]
    first = await house.schedules.page(limit=2)
    rest = await house.schedules.page(limit=2, cursor=first.cursor)
    assert first.items[0].id == own.id
    assert {one.id for one in [*first.items, *rest.items]} == {mine.id, theirs.id, own.id}
    schedules = house.schedules
    for act in (schedules.get, schedules.pause, schedules.resume, schedules.remove, schedules.run):
        with pytest.raises(UnknownScheduleError):
            await act(theirs.id, owner="acc_1")
    with pytest.raises(UnknownScheduleError):
        await schedules.edit(theirs.id, lambda _: {"name": "mine"}, owner="acc_1")
    assert await schedules.get(theirs.id) == theirs
    with pytest.raises(CursorError):
        await schedules.page(cursor="x")


async def test_what_is_edited_changes_and_the_rest_stays(house: House) -> None:
    made = await house.make(options=CrawlOptions(limit=3), name="shoes")
    house.clock.pass_by(30)
    edited = await house.schedules.edit(
        made.id,
        lambda old: {
            "name": None,
            "missed": Missed.SKIP,
            "grace_s": 5,
            "options": replace(old.options, only_new=True),
        },
    )
    assert edited == replace(
        made,
        name=None,
        missed=Missed.SKIP,
        grace_s=5,
        options=CrawlOptions(limit=3, only_new=True),
        revision=2,
    )


async def test_another_timing_holds_from_now_on(house: House) -> None:
    made = await house.make(EACH_MINUTE)
    house.clock.pass_by(30)
    edited = await house.schedules.edit(made.id, lambda _: {"timing": Timing(every_s=90)})
    assert edited.next_runs(2) == [BEGIN + timedelta(seconds=120), BEGIN + timedelta(seconds=210)]
    house.clock.pass_by(10)
    same = await house.schedules.edit(made.id, lambda old: {"timing": old.timing})
    assert same.next_at == edited.next_at
    with pytest.raises(TimetableError):
        await house.schedules.edit(made.id, lambda _: {"timing": Timing(every_s=59)}, least_s=60)


async def test_a_paused_schedule_with_another_timing_stays_paused(house: House) -> None:
    made = await house.make()
    await house.schedules.pause(made.id)
    edited = await house.schedules.edit(made.id, lambda _: {"timing": DAILY})
    assert (edited.state, edited.next_at) == (ScheduleState.PAUSED, None)
    resumed = await house.schedules.resume(made.id)
    assert resumed.next_at == BEGIN.replace(day=2, hour=5, minute=30)
    assert await house.schedules.resume(made.id) == resumed


async def test_other_targets_are_crawled_from_the_next_run_on(house: House) -> None:
    made = await house.make()
    edited = await house.schedules.edit(made.id, lambda _: {"targets": [POST]})
    assert await house.schedules.targets(edited) == [POST]
    (run,) = await house.after(60)
    crawled = await house.crawls.targets(run.crawl or "")
    assert [one.target for one in crawled.items] == [POST]
    old = await house.database[SCHEDULE_TARGETS].find_one({"_id": made.targets})
    assert old is not None
    assert old["expire_at"] == BEGIN + timedelta(days=1)
    with pytest.raises(ScheduleError, match="not 0"):
        await house.schedules.edit(made.id, lambda _: {"targets": []})


async def test_edits_at_once_do_not_undo_each_other(house: House) -> None:
    made = await house.make()

    def further(label: str) -> Callable[[Schedule], Edit]:
        return lambda old: {
            "options": replace(old.options, labels=(*old.options.labels, label)),
        }

    await asyncio.gather(*(house.schedules.edit(made.id, further(one)) for one in "abc"))
    assert sorted((await house.schedules.get(made.id)).options.labels) == ["a", "b", "c"]


async def test_a_removed_schedule_is_not_due_and_its_crawls_stay(house: House) -> None:
    made = await house.make()
    (run,) = await house.after(60)
    await house.schedules.remove(made.id)
    assert await house.after(60) == []
    with pytest.raises(UnknownScheduleError):
        await house.schedules.get(made.id)
    assert (await house.crawls.get(run.crawl or "")).schedule == made.id


async def test_a_run_that_is_asked_for_begins_at_once_and_delays_none(house: House) -> None:
    made = await house.make()
    await house.schedules.pause(made.id)
    house.clock.pass_by(5)

    run = await house.schedules.run(made.id)

    assert (run.kind, run.state) == (RunKind.ASKED, RunState.STARTED)
    assert (await house.crawls.get(run.crawl or "")).schedule == made.id
    after = await house.schedules.get(made.id)
    assert after == replace(
        made, state=ScheduleState.PAUSED, next_at=None, last_crawl=run.crawl, revision=1
    )
    states = await house.schedules.crawl_states([run])
    assert states == {run.crawl: CrawlState.QUEUED}


async def test_of_runs_asked_for_at_once_one_begins(house: House) -> None:
    made = await house.make()
    tries = await asyncio.gather(
        *(house.schedules.run(made.id) for _ in range(4)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in tries) == ["Run", *["ScheduleBusyError"] * 3]
    with pytest.raises(ScheduleBusyError, match="crawl_"):
        await house.schedules.run(made.id)
    (due,) = await house.after(60)
    assert due.state is RunState.SKIPPED
    await house.end_crawls()
    house.clock.pass_by(1)
    await house.schedules.run(made.id)
    assert len(await house.crawl_ids()) == 2


async def test_nothing_is_run_for_an_account_that_is_suspended(house: House) -> None:
    accounts = Accounts(house.database)
    account = await accounts.create("someone@example.com", PlanName.PRO)
    made = await house.make(owner=account.id)
    await accounts.set_status(account.id, Status.SUSPENDED)
    with pytest.raises(ScheduleBusyError, match="suspended"):
        await house.schedules.run(made.id)
    assert await house.crawl_ids() == []


async def test_runs_are_listed_newest_first_a_page_at_a_time(house: House) -> None:
    made = await house.make()
    for _ in range(3):
        await house.after(60)
    first = await house.schedules.runs(made.id, limit=2)
    rest = await house.schedules.runs(made.id, limit=2, cursor=first.cursor)
    assert [(run.due_at - BEGIN).seconds for run in [*first.items, *rest.items]] == [180, 120, 60]
    assert rest.cursor is None
