"""Schedules as requests name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.crawls import wanted_options, wanted_targets
from api.errors import INVALID_PARAMETER, MISSING_PARAMETER, ApiError
from crawler.jobs.schedules.schedule import Missed, Timing, Wish

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawler.jobs.schedules.schedule import Schedule
    from crawler.jobs.schedules.schedules import Edit
    from crawler.links import Target

_TIMING = ("cron", "timezone", "every")


async def read_wish(asked: Mapping[str, Any]) -> Wish:
    """What a request wants a schedule to be.

    Raises:
        ApiError: it contradicts itself, or not all that it names are targets.
    """
    options, timing = wanted_options(asked), _timing(asked, Timing())
    targets, _ = await wanted_targets(asked["targets"])
    return Wish(
        timing=timing,
        targets=targets,
        name=asked["name"],
        missed=asked["missed"] or Missed.RUN_ONCE,
        grace_s=asked["grace"],
        options=options,
    )


async def read_targets_of(asked: Mapping[str, Any]) -> Sequence[Target] | None:
    """The targets that a change names; None when it leaves them.

    Raises:
        ApiError: nothing is to be changed at all, or not all that it names are targets.
    """
    if not asked:
        wrong = "Name what is to be changed, such as 'cron' or 'targets'"
        raise ApiError(MISSING_PARAMETER, detail=wrong)
    return (await wanted_targets(asked["targets"]))[0] if "targets" in asked else None


def edit_of(schedule: Schedule, asked: Mapping[str, Any], targets: Sequence[Target] | None) -> Edit:
    """What a request changes of a schedule.

    Raises:
        ApiError: it contradicts itself, or what the schedule is.
    """
    edit: Edit = {"options": wanted_options(asked, schedule.options)}
    if "name" in asked:
        edit["name"] = asked["name"]
    if asked.get("missed") is not None:
        edit["missed"] = asked["missed"]
    if "grace" in asked:
        edit["grace_s"] = asked["grace"]
    if targets is not None:
        edit["targets"] = targets
    if any(name in asked for name in _TIMING):
        edit["timing"] = _timing(asked, schedule.timing)
    return edit


def _timing(asked: Mapping[str, Any], old: Timing) -> Timing:
    """When a schedule is to be due; one of ``cron`` and ``every`` takes the other's place."""
    cron, every_s = asked.get("cron"), asked.get("every")
    if cron is not None and every_s is not None:
        wrong = "The parameters 'cron' and 'every' exclude each other"
        raise ApiError(INVALID_PARAMETER, detail=wrong)
    zone = asked.get("timezone", old.timezone)
    if cron is not None or every_s is not None:
        return Timing(cron=cron, timezone=zone, every_s=every_s)
    kept = {name: None if name in asked else value for name, value in _said(old).items()}
    if kept == {"cron": None, "every": None}:
        wrong = "The parameter 'cron' or 'every' is required"
        raise ApiError(MISSING_PARAMETER, detail=wrong)
    return Timing(cron=kept["cron"], timezone=zone, every_s=kept["every"])


def _said(timing: Timing) -> dict[str, Any]:
    return {"cron": timing.cron, "every": timing.every_s}
