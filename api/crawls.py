"""Crawls as requests name them, and what they may cost."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any

from api.body import read_whole
from api.errors import INVALID_PARAMETER, ApiError
from api.middlewares.once import KEY_HEADER
from crawler.jobs.crawl import CrawlOptions
from crawler.jobs.targets import MOST_TARGETS, TargetsError, read_targets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aiohttp import web

    from crawler.jobs.conducting.stored import Stored
    from crawler.jobs.targets import Asked, TargetProblem
    from crawler.links import Target

_OPTIONS = ("limit", "since", "until", "within_s", "only_new", "max_age", "webhook")
_NONE = CrawlOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a request wants crawled."""

    targets: list[Target]
    """Each once."""
    sent: int
    """How many were sent, those that are the same ones too."""
    options: CrawlOptions


async def read_wanted(asked: Mapping[str, Any]) -> Wanted:
    """What a request wants crawled.

    Raises:
        ApiError: it contradicts itself, or not all that it names are targets; of those that are
            none it names all, up to a hundred.
    """
    options = wanted_options(asked)
    targets, sent = await wanted_targets(asked["targets"])
    return Wanted(targets=targets, sent=sent, options=options)


def wanted_options(asked: Mapping[str, Any], old: CrawlOptions = _NONE) -> CrawlOptions:
    """What a request wants of all targets; what it does not say is as it was.

    Raises:
        ApiError: it contradicts itself.
    """
    named = {name: asked[name] for name in _OPTIONS if name in asked}
    if "labels" in asked:
        named["labels"] = tuple(asked["labels"])
    options = replace(old, **named)
    if options.since and options.until and options.since >= options.until:
        wrong = "The parameter 'until' must be later than 'since'"
        raise ApiError(INVALID_PARAMETER, detail=wrong)
    return options


async def wanted_targets(asked: Iterable[Asked]) -> tuple[list[Target], int]:
    """The targets that a request names, each once, and how many it names.

    Raises:
        ApiError: not all of them are targets.
    """
    try:
        # Ten thousand take a tenth of a second, in which others are answered.
        return await asyncio.to_thread(_read, asked)
    except TargetsError as error:
        problems = list(map(_shown, error.problems))
        more: dict[str, Any] = {"problems": problems} if problems else {}
        detail = f"The parameter 'targets' is wrong: {error}"
        raise ApiError(INVALID_PARAMETER, detail=detail, **more) from None


async def wanted_id(request: web.Request, owner: str) -> str | None:
    """The id of the crawl that a request with an idempotency key makes, however often it is sent.

    So there is one crawl even if a process died between making it and keeping its answer.
    """
    if KEY_HEADER not in request.headers:
        return None
    parts = (
        *(owner.encode(), request.headers[KEY_HEADER].encode()),
        *(request.rel_url.raw_query_string.encode(), await read_whole(request)),
    )
    digest = blake2b(digest_size=10)
    for part in parts:
        digest.update(b"%d:%b" % (len(part), part))
    return f"crawl_{digest.hexdigest()}"


async def preview(wanted: Wanted, stored: Stored, *, requests_remaining: int) -> dict[str, Any]:
    """What a crawl may cost.

    Raises:
        PyMongoError: MongoDB does not answer.
    """
    found = await stored.find(wanted.targets, wanted.options)
    lists = sum(target.type.is_list for target in wanted.targets)
    limit, count = wanted.options.limit, len(wanted.targets)
    is_bounded = limit is not None or not lists
    return {
        "dry_run": True,
        "targets": count,
        "duplicates": wanted.sent - count,
        "stored": len(found),
        "least_requests": len(found),
        "most_requests": count - lists + lists * (limit or 0) if is_bounded else None,
        "requests_remaining": requests_remaining,
    }


def _read(asked: Iterable[Asked]) -> tuple[list[Target], int]:
    rows = list(islice(asked, MOST_TARGETS + 1))
    return read_targets(rows), len(rows)


def _shown(problem: TargetProblem) -> dict[str, Any]:
    place = {"number": problem.number, "line": problem.line}
    return {name: at for name, at in place.items() if at} | {"detail": problem.detail}
