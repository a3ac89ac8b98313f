"""Schedules: what is asked for, and how they and their runs are shown."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from api.schemas.crawl_answers import OptionsAnswer
from api.schemas.crawls import OptionsRequest, TargetRequest, Targets
from api.schemas.fields import Line, Whole, said, shown
from api.schemas.quick import Word
from crawler.jobs.crawl import CrawlState
from crawler.jobs.schedules.schedule import (
    GRACE_S,
    LEAST_EVERY_S,
    LONGEST_GRACE_S,
    LONGEST_NAME,
    Missed,
    RunKind,
    RunState,
    ScheduleState,
    SkipReason,
)
from crawler.jobs.schedules.timetable import LONGEST_CRON, LONGEST_EVERY_S

_NAME = f"must be a text of 1 to {LONGEST_NAME} characters without control characters, or null"
_CRON = f"must be a text of at most {LONGEST_CRON} characters such as '30 6 * * MON-FRI'"
_ZONE = "must be the name of a time zone such as Europe/Berlin"
_EVERY = f"must be a whole number of seconds from {LEAST_EVERY_S} to {LONGEST_EVERY_S}"
_MISSED = "must be 'run_once' or 'skip'"
_GRACE = f"must be a whole number of seconds from 0 to {LONGEST_GRACE_S}"
_NEXT = "What to ask for the next page with; null at the end."


class ScheduleRequest(OptionsRequest):
    """A schedule that is asked for; what holds for a crawl holds for each of its crawls."""

    takes_files = True

    targets = Targets(required=True)
    name = Line(
        rf"[^\x00-\x1f\x7f]{{1,{LONGEST_NAME}}}",
        _NAME,
        "What you call it.",
        allow_none=True,
        load_default=None,
    )
    cron = Line(
        rf"[ -~]{{1,{LONGEST_CRON}}}",
        _CRON,
        "When it is due: minute, hour, day, month and weekday, or a word such as @daily.",
        allow_none=True,
        load_default=None,
    )
    timezone = Line(r"[ -~]{1,64}", _ZONE, "Whose clocks `cron` goes by.", load_default="UTC")
    every = Whole(
        allow_none=True,
        load_default=None,
        validate=validate.Range(LEAST_EVERY_S, LONGEST_EVERY_S, error=_EVERY),
        error_messages=said(_EVERY),
        metadata={"description": "Instead of `cron`: seconds from one time to the next."},
    )
    missed = Word(
        Missed,
        error_messages=said(_MISSED),
        metadata={
            "description": "What becomes of times at which nobody could begin: one run makes up for"
            " all (`run_once`, the default), or they are left out (`skip`)."
        },
    )
    grace = Whole(
        load_default=GRACE_S,
        validate=validate.Range(0, LONGEST_GRACE_S, error=_GRACE),
        error_messages=said(_GRACE),
        metadata={"description": "With `skip`: so many seconds late is not missed yet."},
    )


class ScheduleEdit(ScheduleRequest):
    """What is to be changed of a schedule; what is not named stays."""


class ScheduleAnswer(OptionsAnswer):
    """A schedule, and when it is due next."""

    id = shown(fields.String, "Its id.")
    name = shown(fields.String, "What its owner calls it.", allow_none=True)
    state = shown(
        fields.String,
        "Whether it runs by itself.",
        validate=validate.OneOf([state.value for state in ScheduleState]),
    )
    cron = shown(fields.String, "When it is due; null when it goes by `every`.", allow_none=True)
    timezone = shown(fields.String, "Whose clocks `cron` goes by.")
    every = shown(fields.Integer, "Seconds from one time to the next.", allow_none=True)
    missed = shown(
        fields.String,
        "What becomes of times at which nobody could begin.",
        validate=validate.OneOf([missed.value for missed in Missed]),
    )
    grace = shown(fields.Integer, "How many seconds late is not missed yet.")
    next_runs = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The next five times; none while it is paused."},
    )
    target_count = shown(fields.Integer, "How many targets it crawls.")
    last_crawl = shown(fields.String, "The crawl of its last run.", allow_none=True)
    created_at = shown(fields.String, "When it was made.")


class ScheduleDetailAnswer(ScheduleAnswer):
    """A schedule with what it crawls."""

    targets = fields.List(fields.Nested(TargetRequest), required=True)


class SchedulesAnswer(Schema):
    """Schedules, newest first."""

    schedules = fields.List(fields.Nested(ScheduleAnswer), required=True)
    next_cursor = shown(fields.String, _NEXT, allow_none=True)


class RunAnswer(Schema):
    """A run of a schedule."""

    id = shown(fields.String, "Its id.")
    due_at = shown(fields.String, "When it was due.")
    begun_at = shown(fields.String, "When somebody saw to it.")
    kind = shown(
        fields.String,
        "`due`, or `asked` when somebody wanted it now.",
        validate=validate.OneOf([kind.value for kind in RunKind]),
    )
    state = shown(
        fields.String,
        "`started`, `skipped` (its reason says why) or `missed`.",
        validate=validate.OneOf([state.value for state in RunState]),
    )
    reason = shown(
        fields.String,
        "Why it was skipped: `overlap`, the crawl before had not ended; `suspended`, the account"
        " was.",
        allow_none=True,
        validate=validate.OneOf([reason.value for reason in SkipReason]),
    )
    crawl = shown(fields.String, "Its crawl.", allow_none=True)
    crawl_state = shown(
        fields.String,
        "How far that is.",
        allow_none=True,
        validate=validate.OneOf([state.value for state in CrawlState]),
    )
    missed_since = shown(
        fields.String, "The first of the times that it makes up for.", allow_none=True
    )


class RunsAnswer(Schema):
    """Runs of a schedule, newest first."""

    runs = fields.List(fields.Nested(RunAnswer), required=True)
    next_cursor = shown(fields.String, _NEXT, allow_none=True)
