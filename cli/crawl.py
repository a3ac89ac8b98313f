"""``manage.py crawl``: targets in bulk, with their outcomes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from cli.output import as_json, print_json
from cli.wanted import crawl_options, out_file, read_arguments, read_options, targets_file

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from crawler.jobs.crawl import Crawl, CrawlOptions
    from crawler.jobs.crawls import Crawls
    from settings.env import Environment


@click.command()
@click.argument("kind", metavar="[TYPE", required=False)
@click.argument("values", metavar="TARGET...]", nargs=-1)
@targets_file
@crawl_options
@out_file
@click.option("--detach", "is_detached", is_flag=True, help="Do not wait for the outcomes.")
@as_json
def crawl(
    kind: str | None,
    values: tuple[str, ...],
    *,
    file: Path | None,
    out: Path | None,
    is_detached: bool,
    is_json: bool,
    **asked: Any,
) -> None:
    """Crawl TARGET..., 10,000 at most, and wait for the outcomes.

    TYPE is video, user, hashtag, music, comments or search. What is not running for it is started
    for as long as it takes. Ends with 1 when a target failed; what the others brought is stored
    all the same. After Ctrl-C, which ends with 130, the crawl stays.
    """
    from cli.jobs import shown_job
    from cli.watching import Watch, say_end, watch
    from services import logs
    from services.running import attached
    from settings.env import read_environment

    logs.configure(level="WARNING", form="text")
    targets, options = read_arguments(kind, values, file), read_options(asked)
    if is_detached and out is not None:
        raise click.UsageError("--out is written at the end: leave out --detach, or --out")

    with attached(read_environment()) as environment:

        async def begin(crawls: Crawls) -> Crawl:
            await _check(options, environment)
            return await crawls.create(targets, options, owner=None)

        if not is_detached:
            for_lists = any(target.type.is_list for target in targets)
            made = watch(environment, Watch(begin=begin, for_lists=for_lists, out=out))
            say_end(made, is_json=is_json)
        made = asyncio.run(_create(environment, begin))
    if is_json:
        print_json(shown_job(made))
    else:
        click.echo(f"{made.id} is queued: manage.py jobs follow {made.id} waits for it")


async def _create(environment: Environment, begin: Callable[[Crawls], Awaitable[Crawl]]) -> Crawl:
    from cli.crawls import crawls_of

    async with crawls_of(environment) as crawls:
        return await begin(crawls)


async def _check(options: CrawlOptions, environment: Environment) -> None:
    """Refuse a webhook that may not be reached."""
    from crawler.jobs.webhooks.addresses import Addresses, WebhookRefusedError

    if options.webhook is None:
        return
    addresses = Addresses(environment.webhook_allow_networks)
    try:
        await addresses.check(options.webhook)
    except WebhookRefusedError as error:
        raise click.ClickException(f"--webhook {error}") from None
    finally:
        addresses.close()
