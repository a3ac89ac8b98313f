"""``manage.py jobs``: crawls, whoever asked for them."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from cli.output import as_json, print_json, print_table
from cli.wanted import out_file

if TYPE_CHECKING:
    from pathlib import Path

    from accounts.paging import Page
    from crawler.jobs.crawl import Crawl, CrawlTarget
    from crawler.jobs.crawls import Crawls

_STATES = ("queued", "running", "succeeded", "partial", "failed", "cancelled")
_TARGET_STATES = ("waiting", "queued", "succeeded", "failed", "cancelled")
_COLUMNS = (
    *("id", "owner", "state", "targets", "succeeded", "failed", "cancelled", "items"),
    *("eta_s", "stop_reason", "schedule", "labels", "created_at"),
)
_TARGET_COLUMNS = (
    *("number", "type", "value", "state", "reason", "stop_reason", "collected"),
    *("reported_total", "complete", "cached", "attempts", "message"),
)
_MOST_AT_ONCE = 1000
_ID = click.argument("crawl_id", metavar="ID")


@click.group()
def jobs() -> None:
    """Look at crawls, those of accounts and schedules too, cancel them and try them again."""


@jobs.command("list")
@click.option("--state", type=click.Choice(_STATES), help="Those in this state.")
@click.option("--owner", help="Those of the account with this id.")
@click.option("--schedule", help="Those that the schedule with this id has begun.")
@click.option("--label", help="Those with this label.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@as_json
def list_jobs(*, is_json: bool, limit: int, state: str | None, **asked: str | None) -> None:
    """List crawls, newest first."""
    from cli.crawls import at_crawls
    from crawler.jobs.crawl import CrawlState

    async def act(crawls: Crawls) -> Page[Crawl]:
        wanted = CrawlState(state) if state else None
        return await crawls.page(**asked, state=wanted, limit=limit)

    shown = [shown_job(one) for one in at_crawls(act).items]
    if is_json:
        print_json(shown)
    else:
        flat = [one | one["counts"] | {"owner": one["owner"] or "operator"} for one in shown]
        print_table(_COLUMNS, [[one[name] for name in _COLUMNS] for one in flat])


@jobs.command()
@_ID
@click.option("--state", type=click.Choice(_TARGET_STATES), help="Targets in this state only.")
@click.option(
    "--limit", type=click.IntRange(0), default=100, show_default=True, help="Targets at most."
)
@as_json
def show(crawl_id: str, *, state: str | None, limit: int, is_json: bool) -> None:
    """Show the crawl ID and what became of its targets."""
    from cli.crawls import at_crawls
    from crawler.jobs.crawl import TargetState
    from crawler.jobs.shapes import show_target

    async def act(crawls: Crawls) -> tuple[Crawl, list[CrawlTarget], bool]:
        wanted = TargetState(state) if state else None
        return await crawls.get(crawl_id), *await _targets(crawls, crawl_id, wanted, limit)

    crawl, found, has_more = at_crawls(act)
    targets = [show_target(one) for one in found]
    if is_json:
        print_json(shown_job(crawl) | {"targets": targets})
    else:
        print_job(crawl)
        print_table(_TARGET_COLUMNS, [[one[name] for name in _TARGET_COLUMNS] for one in targets])
    if has_more:
        click.echo(f"these are the first {len(targets)} targets: more with --limit", err=True)


@jobs.command()
@_ID
@out_file
@as_json
def follow(crawl_id: str, *, out: Path | None, is_json: bool) -> None:
    """Wait for the end of the crawl ID as crawl does, with its progress and its exit codes."""
    from cli.crawls import crawls_of
    from cli.watching import Watch, say_end, watch
    from crawler.jobs.crawls import MOST_TARGETS, CrawlError
    from services import logs
    from services.running import attached
    from settings.env import Environment, read_environment

    async def has_lists(environment: Environment) -> bool:
        async with crawls_of(environment) as crawls:
            await crawls.get(crawl_id)
            targets, _ = await _targets(crawls, crawl_id, None, MOST_TARGETS)
        return any(one.target.type.is_list and not one.state.is_ended for one in targets)

    logs.configure(level="WARNING", form="text")
    try:
        with attached(read_environment()) as environment:
            for_lists = asyncio.run(has_lists(environment))
            asked = Watch(begin=lambda crawls: crawls.get(crawl_id), for_lists=for_lists, out=out)
            say_end(watch(environment, asked), is_json=is_json)
    except CrawlError as error:
        raise click.ClickException(str(error)) from None


@jobs.command()
@_ID
@as_json
def retry(crawl_id: str, *, is_json: bool) -> None:
    """Crawl those targets of the crawl ID again that failed; it must have ended."""
    from cli.crawls import at_crawls

    crawl = at_crawls(lambda crawls: crawls.retry(crawl_id))
    again = crawl.counts.targets - crawl.counts.ended
    _say(crawl, f"{crawl.id} goes on: {again} targets are crawled again", is_json=is_json)


@jobs.command()
@_ID
@as_json
def cancel(crawl_id: str, *, is_json: bool) -> None:
    """Want no more of the crawl ID; what it delivered stays."""
    from cli.crawls import at_crawls
    from crawler.jobs.crawls import CrawlStateError

    async def act(crawls: Crawls) -> Crawl:
        crawl = await crawls.get(crawl_id)
        if crawl.state.is_ended:
            raise CrawlStateError(f"{crawl_id} is {crawl.state.value}: nothing is to be cancelled")
        return await crawls.cancel(crawl_id)

    crawl = at_crawls(act)
    _say(crawl, f"{crawl.id} is being cancelled", is_json=is_json)


def shown_job(crawl: Crawl) -> dict[str, Any]:
    """A crawl as everybody sees it, and what only the operator does."""
    from crawler.jobs.shapes import show_crawl

    return show_crawl(crawl) | {"owner": crawl.owner, "stats": crawl.stats}


def print_job(crawl: Crawl) -> None:
    """Print a crawl for people: a line for all that there is to say of it."""
    shown = shown_job(crawl) | {"owner": crawl.owner or "operator"}
    falls, coverage = shown.pop("falls"), shown.pop("coverage")
    shown["verdicts"] = dict(Counter(crawl.verdicts).most_common())
    for name in ("counts", "verdicts", "stats"):
        shown[name] = ", ".join(f"{key} {count}" for key, count in shown[name].items())
    if coverage is not None:
        shown["coverage"] = ", ".join(f"{name} {share:.0%}" for name, share in coverage.items())
    shown["falls"] = [f"{one['field']} from {one['was']:.0%} to {one['is']:.0%}" for one in falls]
    shown["progress"] = f"{shown['progress']} %"
    rows = [(name, value) for name, value in shown.items() if value not in (None, [], False, "")]
    print_table(("", ""), rows)


async def _targets(
    crawls: Crawls, crawl_id: str, state: Any, limit: int
) -> tuple[list[CrawlTarget], bool]:
    """The first targets, and whether there are more."""
    found: list[CrawlTarget] = []
    cursor = None
    while len(found) < limit:
        count = min(limit - len(found), _MOST_AT_ONCE)
        page = await crawls.targets(crawl_id, state=state, limit=count, cursor=cursor)
        found += page.items
        cursor = page.cursor
        if cursor is None:
            return found, False
    return found, limit > 0


def _say(crawl: Crawl, text: str, *, is_json: bool) -> None:
    if is_json:
        print_json(shown_job(crawl))
    else:
        click.echo(text)
