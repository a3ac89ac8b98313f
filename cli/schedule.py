"""``manage.py schedule``: crawls that begin by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.durations import Duration
from cli.output import as_json, print_json, print_table
from cli.wanted import crawl_options, read_arguments, read_options, targets_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from cli.planning import Plans
    from crawler.jobs.crawl import CrawlState
    from crawler.jobs.schedules.schedule import Run, Schedule, Timing
    from crawler.links import Target

_COLUMNS = ("id", "name", "owner", "state", "due", "targets", "next run", "last crawl")
_RUN_COLUMNS = ("due", "begun", "kind", "state", "reason", "crawl", "crawl state", "missed since")
_ID = click.argument("schedule_id", metavar="ID")


@click.group()
def schedule() -> None:
    """Have crawls begin by themselves; they belong to the operator and are not charged."""


@schedule.command()
@click.argument("kind", metavar="[TYPE", required=False)
@click.argument("values", metavar="TARGET...]", nargs=-1)
@targets_file
@click.option("--cron", help="When, such as '30 6 * * MON-FRI' or @daily.")
@click.option("--timezone", default="UTC", show_default=True, help="Whose clocks --cron goes by.")
@click.option("--every", type=Duration(), help="Instead of --cron: such as 90s, 30m, 6h or 1d.")
@click.option("--name", help="What you call it.")
@click.option(
    "--missed",
    type=click.Choice(["run_once", "skip"]),
    default="run_once",
    show_default=True,
    help="Make up for runs that nobody could start with one run, or leave them out.",
)
@click.option(
    "--grace", type=Duration(), default="5m", show_default=True, help="How late is not missed yet."
)
@crawl_options
@as_json
def add(
    kind: str | None,
    values: tuple[str, ...],
    *,
    file: Path | None,
    is_json: bool,
    **asked: Any,
) -> None:
    """Crawl TARGET... by a timetable; TYPE is video, user, hashtag, music, comments or search."""
    from cli.planning import at_plans
    from crawler.jobs.schedules.schedule import Missed, Wish

    targets = read_arguments(kind, values, file)
    timing, options = _timing(asked), read_options(asked)

    async def act(plans: Plans) -> Schedule:
        if options.webhook is not None:
            await plans.addresses.check(options.webhook)
        wish = Wish(
            timing=timing,
            targets=targets,
            name=asked["name"],
            missed=Missed(asked["missed"]),
            grace_s=asked["grace"],
            options=options,
        )
        return await plans.schedules.create(wish, owner=None)

    _print(at_plans(act), is_json=is_json)


@schedule.command("list")
@as_json
def list_schedules(*, is_json: bool) -> None:
    """List all schedules, the accounts' too."""
    from cli.planning import all_schedules, at_plans
    from crawler.jobs.schedules.shapes import show_schedule

    found = at_plans(all_schedules)
    if is_json:
        print_json([{**show_schedule(one), "owner": one.owner} for one in found])
    else:
        print_table(_COLUMNS, [_row(one) for one in found])


@schedule.command()
@_ID
@as_json
def show(schedule_id: str, *, is_json: bool) -> None:
    """Show the schedule ID, its next five runs and its targets."""
    from cli.planning import at_plans

    async def act(plans: Plans) -> tuple[Schedule, list[Target]]:
        found = await plans.schedules.get(schedule_id)
        return found, await plans.schedules.targets(found)

    found, targets = at_plans(act)
    _print(found, targets, is_json=is_json)


@schedule.command()
@_ID
@as_json
def pause(schedule_id: str, *, is_json: bool) -> None:
    """Let nothing of the schedule ID begin by itself; a crawl that runs goes on."""
    _change(lambda plans: plans.schedules.pause(schedule_id), is_json=is_json)


@schedule.command()
@_ID
@as_json
def resume(schedule_id: str, *, is_json: bool) -> None:
    """Let the schedule ID run again; what was due meanwhile is not made up for."""
    _change(lambda plans: plans.schedules.resume(schedule_id), is_json=is_json)


@schedule.command()
@_ID
@as_json
def remove(schedule_id: str, *, is_json: bool) -> None:
    """Remove the schedule ID; its crawls stay."""
    from cli.planning import at_plans

    at_plans(lambda plans: plans.schedules.remove(schedule_id))
    if is_json:
        print_json({"id": schedule_id, "removed": True})
    else:
        click.echo(f"{schedule_id} is removed")


@schedule.command()
@_ID
@as_json
def run(schedule_id: str, *, is_json: bool) -> None:
    """Begin a crawl of the schedule ID now; its timetable stays as it is."""
    from cli.planning import at_plans
    from crawler.jobs.crawl import CrawlState
    from crawler.jobs.schedules.shapes import show_run

    begun = at_plans(lambda plans: plans.schedules.run(schedule_id))
    if is_json:
        print_json(show_run(begun, CrawlState.QUEUED))
    else:
        click.echo(f"{begun.crawl} has begun")


@schedule.command()
@_ID
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@as_json
def history(schedule_id: str, *, limit: int, is_json: bool) -> None:
    """List the last runs of the schedule ID, newest first."""
    from cli.planning import at_plans
    from crawler.jobs.schedules.shapes import show_run

    async def act(plans: Plans) -> tuple[Schedule, list[Run], dict[str, CrawlState]]:
        found = await plans.schedules.get(schedule_id)
        runs = (await plans.schedules.runs(schedule_id, limit=limit)).items
        return found, runs, await plans.schedules.crawl_states(runs)

    found, runs, states = at_plans(act)
    if is_json:
        print_json([show_run(one, states.get(one.crawl or "")) for one in runs])
    else:
        zone = _zone(found)
        print_table(_RUN_COLUMNS, [_run_row(one, states, zone) for one in runs])


@schedule.command("next")
@_ID
@click.option("--count", type=click.IntRange(1, 1000), default=5, show_default=True)
@as_json
def next_runs(schedule_id: str, *, count: int, is_json: bool) -> None:
    """List when the schedule ID is due next; nothing while it is paused."""
    from cli.planning import at_plans
    from crawler.jobs.schedules.shapes import written

    found = at_plans(lambda plans: plans.schedules.get(schedule_id))
    times = found.next_runs(count)
    if is_json:
        print_json([written(at) for at in times])
    else:
        print_table(("next run",), [(_time(at, _zone(found)),) for at in times])


def _change(act: Callable[[Plans], Any], *, is_json: bool) -> None:
    from cli.planning import at_plans

    _print(at_plans(act), is_json=is_json)


def _timing(asked: dict[str, Any]) -> Timing:
    from crawler.jobs.schedules.schedule import Timing

    if (asked["cron"] is None) == (asked["every"] is None):
        raise click.UsageError("say when it is due: with --cron or with --every")
    return Timing(cron=asked["cron"], timezone=asked["timezone"], every_s=asked["every"])


def _print(found: Schedule, targets: list[Target] | None = None, *, is_json: bool) -> None:
    """Print a schedule, with its targets where they are known."""
    from crawler.jobs.schedules.shapes import show_schedule
    from crawler.jobs.shapes import asked_as

    shown = show_schedule(found) | {"owner": found.owner}
    if targets is not None:
        shown["targets"] = [asked_as(target) for target in targets]
    if is_json:
        print_json(shown)
        return
    zone = _zone(found)
    shown["next_runs"] = [_time(at, zone) for at in found.next_runs()] or None
    if targets is not None:
        shown["targets"] = [" ".join(asked_as(target).values()) for target in targets]
    rows = [(name, value) for name, value in shown.items() if value not in (None, [], False)]
    print_table(("", ""), rows)


def _row(one: Schedule) -> tuple[Any, ...]:
    timing = one.timing
    due = f"{timing.cron} ({timing.timezone})" if timing.cron else f"every {timing.every_s} s"
    return (
        *(one.id, one.name, one.owner or "operator", one.state.value, due, one.target_count),
        *(_time(one.next_at, _zone(one)), one.last_crawl),
    )


def _run_row(one: Run, states: dict[str, CrawlState], zone: ZoneInfo) -> tuple[Any, ...]:
    state = states.get(one.crawl or "")
    return (
        *(_time(one.due_at, zone), _time(one.begun_at, zone), one.kind.value, one.state.value),
        *(one.reason, one.crawl, state.value if state else None, _time(one.missed_since, zone)),
    )


def _zone(one: Schedule) -> ZoneInfo:
    from zoneinfo import ZoneInfo

    return ZoneInfo(one.timing.timezone)


def _time(at: datetime | None, zone: ZoneInfo) -> str | None:
    """A time by the clocks of a zone, with their distance from UTC."""
    return at.astimezone(zone).isoformat(" ", "seconds") if at else None
