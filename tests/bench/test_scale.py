"""The arithmetic behind docs/scale.md, and the page itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.scale.costs import Costs
from bench.scale.day import demand, simulate
from bench.scale.needs import Assumptions, ceilings, needs, stored_bytes, worker_rate
from bench.scale.report import tables

PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text()
COSTS = Costs(
    worker_ms=4,
    scheduler_ms=0.5,
    mongodb_ms=2,
    redis_ms=0.1,
    wire_bytes=30_000,
    worker_mb=100,
    scheduler_mb=80,
    video_bytes=2000,
    raw_bytes=3000,
    row_bytes=200,
    later_row_bytes=50,
    entry_bytes=400,
    redis_bytes=100,
)
ASSUMED = Assumptions(
    peak=2, busy=0.5, is_new=0.25, video_factor=1, raw_factor=1, page_bytes=100_000, wait_h=0.5
)
MILLION_A_SECOND = 86_400_000_000
PARTS = {"feeding": 100.0, "crawling": 20.0}


def test_needs_follow_from_the_rate_at_the_peak() -> None:
    # A hundred pages a second in the mean, two hundred at the peak.
    need = needs(8_640_000, COSTS, ASSUMED)
    assert need.peak_rate == pytest.approx(200)
    assert need.workers == 2
    assert need.worker_gb == pytest.approx(0.2)
    assert need.addresses == 200
    assert need.megabits_s == pytest.approx(160)
    assert need.conductor == pytest.approx(0.1)
    assert need.redis == pytest.approx(0.02)
    assert need.redis_gb == pytest.approx(0.036)
    assert need.mongodb_cores == pytest.approx(0.4)


def test_a_worker_is_bound_by_its_core_or_by_its_slots() -> None:
    assert worker_rate(COSTS, ASSUMED, busy=0.5) == 125
    assert worker_rate(COSTS, Assumptions(page_s=4, slots=192)) == 48


def test_what_is_kept_for_a_while_stops_growing_and_the_rest_goes_on() -> None:
    first = stored_bytes(100, COSTS, ASSUMED, days=1)
    assert first == 100 * (3000 + 400) + 25 * (2000 + 200) + 75 * 50
    month, later = (stored_bytes(100, COSTS, ASSUMED, days=days) for days in (30, 130))
    assert later - month == 100 * (25 * (2000 + 200) + 75 * 50)


def test_shards_come_from_the_disk_or_from_the_processor() -> None:
    assert needs(1000, COSTS, ASSUMED).shards == 1
    stored = stored_bytes(1_000_000, COSTS, ASSUMED, days=365)
    small = Assumptions(
        busy=0.5, is_new=0.25, video_factor=1, raw_factor=1, shard_bytes=int(stored / 3) + 1
    )
    assert needs(1_000_000, COSTS, small).shards == 3
    # Four cores at work for two thousand pages a second; one of two may be planned for.
    slow = Assumptions(peak=1, busy=0.5, shard_cores=2, shard_bytes=10**18)
    assert needs(2000 * 86_400, COSTS, slow).shards == 4


def test_a_ceiling_is_where_a_part_is_as_busy_as_is_planned_for() -> None:
    rate = ceilings(COSTS, ASSUMED)["Redis"]
    assert rate == 5000
    assert needs(int(rate * 86_400 / 2), COSTS, ASSUMED).redis == pytest.approx(0.5)


def test_a_day_has_all_its_jobs_and_a_burst_at_each_full_hour() -> None:
    jobs = demand(1_000_000)
    assert sum(jobs) == pytest.approx(1_000_000)
    assert all(jobs[hour * 60] > 5 * jobs[hour * 60 + 1] for hour in range(24))
    assert max(jobs[1::60]) == jobs[20 * 60 + 1]


def test_nobody_waits_where_every_part_can_take_all() -> None:
    day = simulate([600.0] * 60, PARTS)
    assert (day.done, day.left, day.longest_wait_min, day.held_up_by) == (36_000, 0, 0, None)
    assert day.busy == pytest.approx({"feeding": 0.1, "crawling": 0.5})


def test_jobs_wait_before_the_slowest_part_and_none_is_lost() -> None:
    day = simulate([2400.0] * 60, PARTS)
    assert day.held_up_by == "crawling"
    assert day.done + day.left == 2400 * 60
    assert day.done == 1200 * 60
    assert day.longest_wait_min == 60
    assert day.busy["crawling"] == 1


def test_a_burst_is_worked_off() -> None:
    day = simulate([12_000.0] + [0.0] * 59, PARTS)
    assert (day.done, day.left) == (12_000, 0)
    # Two minutes bring all of it before the slower part, which has done two minutes' work by then.
    assert day.longest_wait_min == pytest.approx((12_000 - 2 * 1200) / 1200)


@pytest.mark.parametrize("name", tables(Costs.read()))
def test_the_page_shows_what_the_program_prints(name: str) -> None:
    assert tables(Costs.read())[name] in PAGE
