"""The tables of docs/scale.md."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, get_args, get_type_hints

from bench.scale.day import demand, simulate
from bench.scale.needs import Assumptions, ceilings, needs, worker_rate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.scale.costs import Costs
    from bench.scale.needs import Needs

LOADS = (1_000_000, 10_000_000, 100_000_000)
_MILLION = 1_000_000


def tables(costs: Costs, assumed: Assumptions | None = None) -> dict[str, str]:
    """Each table in Markdown, by its name."""
    assumed = assumed or Assumptions()
    return {
        "costs": _costs(costs),
        "assumptions": _assumptions(assumed),
        "needs": _needs([needs(load, costs, assumed) for load in LOADS]),
        "ceilings": _ceilings(costs, assumed),
        "days": _days(costs, assumed),
    }


def _costs(costs: Costs) -> str:
    return _table(
        ("for each page", "measured"),
        [
            ("worker, processor time", f"{costs.worker_ms:.2f} ms"),
            ("scheduler that conducts, processor time", f"{costs.scheduler_ms:.2f} ms"),
            ("MongoDB's primary, processor time", f"{costs.mongodb_ms:.2f} ms"),
            ("Redis, processor time", f"{costs.redis_ms:.3f} ms"),
            ("the test site's page with gzip", f"{costs.wire_bytes:,} bytes"),
            ("document in `videos`", f"{costs.video_bytes:,} bytes"),
            ("raw item", f"{costs.raw_bytes:,} bytes"),
            ("first row in `video_statistics`", f"{costs.row_bytes:,} bytes"),
            ("each further row of the same post", f"{costs.later_row_bytes:,} bytes"),
            ("target and item of the crawl", f"{costs.entry_bytes:,} bytes"),
            ("a job that waits, in Redis", f"{costs.redis_bytes:,} bytes"),
            ("resident set of a worker, of a scheduler", _memory(costs)),
        ],
    )


def _memory(costs: Costs) -> str:
    return f"{costs.worker_mb:.0f} MB, {costs.scheduler_mb:.0f} MB"


def _assumptions(assumed: Assumptions) -> str:
    told = get_type_hints(Assumptions, include_extras=True)
    return _table(
        ("assumption", "value", "what it is"),
        [
            (f"`{name}`", f"{getattr(assumed, name):,}", get_args(told[name])[1])
            for name in (field.name for field in fields(Assumptions))
        ],
    )


def _needs(loads: list[Needs]) -> str:
    rows: list[tuple[str, list[str]]] = [
        ("pages a second at the peak", [f"{one.peak_rate:,.0f}" for one in loads]),
        ("workers", [f"{one.workers}" for one in loads]),
        ("their memory", [f"{one.worker_gb:.1f} GB" for one in loads]),
        ("addresses", [f"{one.addresses:,}" for one in loads]),
        ("from TikTok", [f"{one.megabits_s:,.0f} Mbit/s" for one in loads]),
        ("scheduler that conducts, of one core", [f"{one.conductor:.0%}" for one in loads]),
        ("Redis, of one core", [f"{one.redis:.0%}" for one in loads]),
        ("Redis, jobs that wait", [f"{one.redis_gb:.2f} GB" for one in loads]),
        ("MongoDB primaries, cores", [f"{one.mongodb_cores:.1f}" for one in loads]),
        ("stored after a year, each member", [f"{one.year_tb:.1f} TB" for one in loads]),
        ("shards", [f"{one.shards}" for one in loads]),
    ]
    header = ("", *(f"{one.posts_a_day // _MILLION} million a day" for one in loads))
    return _table(header, [(name, *cells) for name, cells in rows])


def _ceilings(costs: Costs, assumed: Assumptions) -> str:
    found = sorted(ceilings(costs, assumed).items(), key=lambda one: one[1])
    return _table(
        ("part that is there once", "pages a second", "posts a day at that peak"),
        [
            (part, f"{rate:,.0f}", f"{rate * 86_400 / assumed.peak / _MILLION:,.0f} million")
            for part, rate in found
        ],
    )


def _days(costs: Costs, assumed: Assumptions) -> str:
    rows = []
    for load in LOADS:
        need = needs(load, costs, assumed)
        for share in (1.0, 0.5):
            workers = max(1, round(need.workers * share))
            parts = {
                "the scheduler": 1000 / costs.scheduler_ms,
                "workers": workers * worker_rate(costs, assumed),
                "addresses": need.addresses * assumed.address_pages_s,
                "MongoDB": need.shards * assumed.shard_cores * 1000 / costs.mongodb_ms,
            }
            day = simulate(demand(load), parts)
            rows.append(
                (
                    f"{load // _MILLION} million",
                    f"{workers}",
                    f"{day.longest_wait_min:.0f} min",
                    day.held_up_by or "–",
                    f"{day.left:,.0f}",
                )
            )
    header = ("posts a day", "workers", "longest wait", "held up by", "left at midnight")
    return _table(header, rows)


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    cells = [[*header], *([*row] for row in rows)]
    cells.insert(1, ["---"] * len(cells[0]))
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)
