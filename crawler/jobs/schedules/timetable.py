"""When a schedule is due: by a cron expression in a time zone, or each so many seconds.

All times that come and go are in UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol, Self
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_CRON = 100
LONGEST_EVERY_S = 366 * 24 * 3600
SHORTHANDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIELDS = 5
_ZONE = re.compile(
    r"(?!(?:posix|right)/|localtime$|posixrules$)[A-Za-z0-9_+\-]+(?:/[A-Za-z0-9_+\-]+)*"
)
_SECOND = timedelta(seconds=1)


class TimetableError(ValueError):
    """No time can be told from what was given; the text says what to write."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        """Which part of it: ``cron``, ``timezone`` or ``every``."""


class Timetable(Protocol):
    """Says when something is due."""

    def next(self, after: datetime) -> datetime:
        """The first time that is later than ``after``."""

    def latest(self, due: datetime, now: datetime) -> datetime:
        """The last time from ``due``, which is one, until ``now``."""


@dataclass(frozen=True, slots=True)
class Every:
    """Each so many seconds, counted from a beginning."""

    every_s: int
    begin: datetime

    def next(self, after: datetime) -> datetime:
        """The first time that is later than ``after``."""
        step = timedelta(seconds=self.every_s)
        return self.begin + step * ((after - self.begin) // step + 1)

    def latest(self, due: datetime, now: datetime) -> datetime:
        """The last time from ``due``, which is one, until ``now``."""
        step = timedelta(seconds=self.every_s)
        return due + step * max(0, (now - due) // step)


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression, by the clocks of a time zone.

    Where clocks are set forward, a fixed time that is left out is due right after the gap; where
    they are set back, a fixed time is due once, at the first of both. What is due all the time
    (``*`` or ``*/n`` as its minute or hour) goes by the time that passes.
    """

    expression: str
    zone: ZoneInfo

    @classmethod
    def of(cls, expression: str, timezone: str) -> Self:
        """The expression that was read before, such as it is stored."""
        return cls(_fields(expression), ZoneInfo(timezone))

    def next(self, after: datetime) -> datetime:
        """The first time that is later than ``after``.

        Raises:
            TimetableError: there is none in the next fifty years.
        """
        return next(self._times(after))

    def latest(self, due: datetime, now: datetime) -> datetime:
        """The last time from ``due``, which is one, until ``now``."""
        before = next(CronSim(self.expression, now.astimezone(self.zone), reverse=True), None)
        begin = due if before is None else max(due, before.astimezone(UTC) - _SECOND)
        for at in self._times(begin):
            if at > now:
                break
            due = at
        return due

    def _times(self, after: datetime) -> Iterator[datetime]:
        """All times after this one, each later than the one before."""
        for local in CronSim(self.expression, after.astimezone(self.zone)):
            # In an hour that comes twice the library begins again with the first.
            at = local.astimezone(UTC)
            if at > after:
                yield at
                after = at
        raise TimetableError("cron", f"{self.expression!r} is due at no time")


def read_cron(expression: str, timezone: str) -> Cron:
    """A cron expression of five fields, or a shorthand such as ``@daily``.

    Raises:
        TimetableError: it is none, it is due at no time, or there is no such time zone.
    """
    zone = read_zone(timezone)
    text, fields = expression.strip(), _fields(expression)
    if len(text) > LONGEST_CRON or len(fields.split()) != _FIELDS:
        raise TimetableError(
            "cron",
            "must be five fields (minute, hour, day of month, month, day of week) such as"
            f" '30 6 * * MON-FRI', or one of {', '.join(SHORTHANDS)}",
        )
    cron = Cron(fields, zone)
    try:
        cron.next(datetime.now(UTC))
    except (CronSimError, AssertionError) as error:
        wrong = str(error).removeprefix("Bad ") or "one of its fields"
        raise TimetableError("cron", f"has a {wrong} that cannot be read: {text!r}") from None
    except TimetableError:
        raise TimetableError("cron", f"is due at no time: {text!r}") from None
    return cron


def _fields(expression: str) -> str:
    text = " ".join(expression.split())
    return SHORTHANDS.get(text.lower(), text)


def read_zone(name: str) -> ZoneInfo:
    """A time zone by its name.

    Raises:
        TimetableError: there is none of this name.
    """
    try:
        if _ZONE.fullmatch(name):
            return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        pass
    raise TimetableError(
        "timezone", "must be the name of a time zone such as UTC, Europe/Berlin or America/New_York"
    )


def read_every(every_s: int, begin: datetime, *, least_s: int) -> Every:
    """Each so many seconds.

    Raises:
        TimetableError: it is too often, or too seldom.
    """
    if not least_s <= every_s <= LONGEST_EVERY_S:
        raise TimetableError(
            "every", f"must be a number of seconds from {least_s} to {LONGEST_EVERY_S}"
        )
    return Every(every_s, begin)
