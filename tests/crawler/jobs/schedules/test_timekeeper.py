from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pymongo.errors import AutoReconnect

from accounts.accounts import Accounts, Status
from crawler.jobs.collections import CRAWL_TARGETS
from crawler.jobs.crawl import CrawlOptions
from crawler.jobs.lease import Lease
from crawler.jobs.schedules import timekeeper
from crawler.jobs.schedules.collections import SCHEDULE_RUNS, SCHEDULES
from crawler.jobs.schedules.schedule import (
    Missed,
    RunKind,
    RunState,
    ScheduleState,
    SkipReason,
    Timing,
    crawl_id_of,
    run_id,
)
from crawler.jobs.schedules.starting import Starter
from crawler.jobs.schedules.timekeeper import TAKEN_S, TIMEKEEPER
from services import redis
from settings.plans import PlanName
from tests.crawler.jobs.schedules.conftest import BEGIN, EACH_MINUTE, MARA, POST, House

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis

OPTIONS = CrawlOptions(limit=5, only_new=True, labels=("spring",), webhook="https://a.example/b")


async def test_a_due_run_makes_its_crawl(house: House) -> None:
    schedule = await house.make(owner="acc_1", options=OPTIONS)
    assert await house.after(59) == []

    (run,) = await house.after(1.4)

    assert (run.kind, run.state, run.reason) == (RunKind.DUE, RunState.STARTED, None)
    assert run.due_at == BEGIN + timedelta(seconds=60)
    assert run.begun_at == BEGIN + timedelta(seconds=60.4)
    assert run.id == run_id(schedule.id, run.due_at)
    assert run.crawl == crawl_id_of(run.id)
    crawl = await house.crawls.get(run.crawl)
    assert (crawl.owner, crawl.schedule, crawl.options) == ("acc_1", schedule.id, OPTIONS)
    targets = await house.crawls.targets(crawl.id)
    assert [one.target for one in targets.items] == [MARA, POST]
    after = await house.schedules.get(schedule.id)
    assert after.next_at == BEGIN + timedelta(seconds=120)
    assert (after.pending, after.last_crawl) == (None, crawl.id)
    assert (await house.schedules.runs(schedule.id)).items == [run]


async def test_a_run_is_started_once_however_often_one_looks(house: House) -> None:
    await house.make()
    assert [len(await house.after(seconds)) for seconds in (60, 0, 1)] == [1, 0, 0]


async def test_a_run_is_skipped_while_the_crawl_before_goes_on(house: House) -> None:
    await house.make()
    (first,) = await house.after(60)
    (second,) = await house.after(60)
    await house.end_crawls()
    (third,) = await house.after(60)

    assert (second.state, second.reason) == (RunState.SKIPPED, SkipReason.OVERLAP)
    assert second.crawl is None
    assert third.state is RunState.STARTED
    assert sorted(await house.crawl_ids()) == sorted([first.crawl or "", third.crawl or ""])


async def test_no_crawl_begins_for_an_account_that_is_suspended(house: House) -> None:
    accounts = Accounts(house.database)
    account = await accounts.create("someone@example.com", PlanName.PRO)
    await house.make(owner=account.id)
    await accounts.set_status(account.id, Status.SUSPENDED)
    (run,) = await house.after(60)
    assert (run.state, run.reason) == (RunState.SKIPPED, SkipReason.SUSPENDED)
    assert await house.crawl_ids() == []


async def test_one_run_makes_up_for_all_that_were_missed(house: House) -> None:
    schedule = await house.make(missed=Missed.RUN_ONCE)
    (run,) = await house.after(3600 + 59)

    assert run.state is RunState.STARTED
    assert run.missed_since == BEGIN + timedelta(seconds=60)
    assert run.due_at == BEGIN + timedelta(seconds=3600)
    after = await house.schedules.get(schedule.id)
    assert after.next_at == BEGIN + timedelta(seconds=3660)


@pytest.mark.parametrize(("late_s", "state"), [(300, RunState.STARTED), (300.001, RunState.MISSED)])
async def test_missed_runs_are_left_out_when_that_is_wanted(
    house: House, late_s: float, state: RunState
) -> None:
    await house.make(Timing(every_s=3600), missed=Missed.SKIP, grace_s=300)
    (run,) = await house.after(3600 + late_s)
    assert (run.state, run.crawl is None) == (state, state is RunState.MISSED)
    await house.end_crawls()
    (following,) = await house.after(3600 - late_s)
    assert following.state is RunState.STARTED


async def test_schedules_by_the_clock_are_due_by_their_zone(house: House) -> None:
    house.clock.now = BEGIN.replace(month=3, day=29, hour=0)
    await house.make(Timing(cron="30 2 * * *", timezone="Europe/Berlin"))
    (run,) = await house.after(3600)
    assert run.due_at == BEGIN.replace(month=3, day=29, hour=1)


async def test_a_paused_schedule_is_not_due(house: House) -> None:
    schedule = await house.make()
    await house.schedules.pause(schedule.id)
    assert await house.after(600) == []
    resumed = await house.schedules.resume(schedule.id)
    assert resumed.next_at == BEGIN + timedelta(seconds=660)
    assert await house.after(0) == []
    (run,) = await house.after(60)
    assert run.missed_since is None


async def test_timekeepers_at_once_start_each_due_run_exactly_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timekeeper, "AT_ONCE", 7)
    made = [await house.make(targets=[MARA]) for _ in range(40)]
    keepers = [house.another() for _ in range(4)]
    for _ in range(3):
        house.clock.pass_by(60)
        found = await asyncio.gather(*(keeper.keep() for keeper in keepers))
        assert sorted(run.schedule for runs in found for run in runs) == sorted(
            one.id for one in made
        )
        await house.end_crawls()

    assert await house.none_in_hand()
    runs = await house.runs()
    assert set(Counter(run["schedule"] for run in runs).values()) == {3}
    assert sorted(run["crawl"] for run in runs) == sorted(await house.crawl_ids())
    assert await house.database[CRAWL_TARGETS].count_documents({}) == 120


STEPS: list[Callable[[pytest.MonkeyPatch], None]] = [
    lambda patch: patch.setattr(Starter, "_record", die),
    lambda patch: patch.setattr(Starter, "_crawl", die),
    lambda patch: patch.setattr(Starter, "_finish", die),
]


async def die(*_: Any) -> Any:
    raise AutoReconnect("gone")


@pytest.mark.parametrize("step", STEPS, ids=["record", "crawl", "finish"])
async def test_who_dies_on_the_way_is_followed_by_another(
    house: House, monkeypatch: pytest.MonkeyPatch, step: Callable[[pytest.MonkeyPatch], None]
) -> None:
    schedule = await house.make()
    with monkeypatch.context() as patch:
        step(patch)
        with pytest.raises(AutoReconnect):
            await house.after(60)
    assert await house.after(TAKEN_S - 0.1) == []

    (run,) = await house.after(0.1)

    assert (run.state, run.due_at) == (RunState.STARTED, BEGIN + timedelta(seconds=60))
    assert await house.crawl_ids() == [run.crawl]
    assert len(await house.runs()) == 1
    assert await house.none_in_hand()
    assert (await house.schedules.get(schedule.id)).last_crawl == run.crawl


async def test_who_was_thought_dead_does_no_harm(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is held up before its crawl; meanwhile another makes it, and the targets change."""
    schedule = await house.make()
    go_on, crawl = asyncio.Event(), Starter._crawl

    async def hang(self: Starter, runs: Any) -> None:
        monkeypatch.setattr(Starter, "_crawl", crawl)
        await go_on.wait()
        await crawl(self, runs)

    monkeypatch.setattr(Starter, "_crawl", hang)
    house.clock.pass_by(60)
    hung = asyncio.create_task(house.timekeeper.keep())
    while await house.database[SCHEDULE_RUNS].count_documents({}) == 0:
        await asyncio.sleep(0.01)
    await house.schedules.edit(schedule.id, lambda _: {"targets": [MARA]})
    house.clock.pass_by(TAKEN_S)
    (run,) = await house.another().keep()
    await house.end_crawls()
    house.clock.pass_by(60)
    (following,) = await house.another().keep()
    go_on.set()
    await hung

    assert sorted(await house.crawl_ids()) == sorted([run.crawl or "", following.crawl or ""])
    targets = await house.crawls.targets(run.crawl or "")
    assert [one.target for one in targets.items] == [MARA, POST]
    assert (await house.schedules.get(schedule.id)).last_crawl == following.crawl


async def test_a_run_that_cannot_be_started_holds_up_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = await house.make(), await house.make()
    crawl = Starter._crawl

    async def fail(self: Starter, runs: Any) -> None:
        if any(schedule.id == broken.id for schedule, _ in runs):
            raise RuntimeError("no")
        await crawl(self, runs)

    monkeypatch.setattr(Starter, "_crawl", fail)
    runs = await house.after(60)
    assert [run.schedule for run in runs] == [sound.id]
    assert f"a run of {broken.id} cannot be started" in caplog.text
    monkeypatch.undo()
    await house.end_crawls()
    assert {run.schedule for run in await house.after(60)} == {broken.id, sound.id}


async def test_a_schedule_whose_zone_is_gone_is_paused(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    lost, sound = await house.make(Timing(cron="* * * * *")), await house.make()
    gone = {"$set": {"timezone": "Atlantis/Capital"}}
    await house.database[SCHEDULES].update_one({"_id": lost.id}, gone)
    assert [run.schedule for run in await house.after(60)] == [sound.id]
    assert (await house.schedules.get(lost.id)).state is ScheduleState.PAUSED
    assert lost.id in caplog.text


async def test_large_lists_are_taken_on_in_parts(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timekeeper, "TARGETS_AT_ONCE", 3)
    for _ in range(3):
        await house.make()
    taken: list[int] = []
    start = Starter.start

    async def counted(self: Starter, schedules: Any) -> Any:
        taken.append(len(schedules))
        return await start(self, schedules)

    monkeypatch.setattr(Starter, "start", counted)
    assert len(await house.after(60)) == 3
    assert taken == [1, 1, 1]


async def test_a_timekeeper_keeps_time_by_itself_until_its_end(house: House) -> None:
    schedule = await house.make(EACH_MINUTE)
    house.clock.pass_by(60)
    async with house.timekeeper.keeping():
        while not await house.crawl_ids():
            await asyncio.sleep(0.01)
    await house.end_crawls()
    house.clock.pass_by(60)
    assert await house.timekeeper.keep() == []
    assert len((await house.schedules.runs(schedule.id)).items) == 1


async def test_who_has_no_lease_stands_by(house: House, redis_client: Redis) -> None:
    await house.make()
    active = Lease(redis_client, TIMEKEEPER)
    await active.take()
    waiting = house.another(Lease(redis_client, TIMEKEEPER))
    house.clock.pass_by(60)
    assert await waiting.keep() == []
    await active.let_go()
    assert len(await waiting.keep()) == 1


async def test_schedules_go_on_without_redis(house: House) -> None:
    await house.make()
    house.clock.pass_by(60)
    async with redis.connect("redis://127.0.0.1:1") as gone:
        alone = house.another(Lease(gone, TIMEKEEPER))
        async with alone.keeping():
            while not await house.crawl_ids():
                await asyncio.sleep(0.01)


async def test_what_is_due_is_found_by_an_index(house: House) -> None:
    await house.make()
    keeper = house.timekeeper
    for query, by, index in (
        (keeper._due(), "next_at", "due"),
        (keeper._left(), "pending.taken_at", "in_hand"),
    ):
        found = house.database[SCHEDULES].find(query).sort(by, 1).limit(500)
        plan = str((await found.explain())["queryPlanner"]["winningPlan"])
        assert f"'indexName': '{index}'" in plan
