"""Crawls as requests name them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from api.errors import INVALID_PARAMETER, ApiError
from crawler.jobs.crawl import CrawlOptions
from crawler.jobs.targets import TargetsError, read_targets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawler.jobs.targets import Asked, TargetProblem
    from crawler.links import Target

_OPTIONS = ("limit", "since", "until", "within_s", "only_new", "max_age", "webhook")


def wanted_options(asked: Mapping[str, Any]) -> CrawlOptions:
    """What a request wants of all targets.

    Raises:
        ApiError: it contradicts itself.
    """
    since, until = asked["since"], asked["until"]
    if since and until and since >= until:
        wrong = "The parameter 'until' must be later than 'since'"
        raise ApiError(INVALID_PARAMETER, detail=wrong)
    named = {name: asked[name] for name in _OPTIONS}
    return CrawlOptions(**named, labels=tuple(asked["labels"]))


async def wanted_targets(asked: Sequence[Asked]) -> list[Target]:
    """The targets that a request names, each once.

    Raises:
        ApiError: not all of them are targets; it names all that are none, up to a hundred.
    """
    try:
        # Ten thousand take a tenth of a second, in which others are answered.
        return await asyncio.to_thread(read_targets, asked)
    except TargetsError as error:
        problems = list(map(_shown, error.problems))
        more: dict[str, Any] = {"problems": problems} if problems else {}
        detail = f"The parameter 'targets' is wrong: {error}"
        raise ApiError(INVALID_PARAMETER, detail=detail, **more) from None


def _shown(problem: TargetProblem) -> dict[str, Any]:
    place = {"number": problem.number, "line": problem.line}
    return {name: at for name, at in place.items() if at} | {"detail": problem.detail}
