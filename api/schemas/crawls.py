"""Crawls: what is asked for, and how they and their targets are shown."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from api.delivered import Format
from api.schemas.fields import Line, Moment, Whole, said, shown
from api.schemas.keys import PageRequest, Request
from api.schemas.quick import Flag, Seconds, Word
from api.schemas.video import AGE_MUST_BE, OLDEST_S
from crawler.errors import Reason
from crawler.items import Kind
from crawler.jobs.crawl import CrawlState, TargetState
from crawler.jobs.lists import StopReason
from crawler.jobs.targets import MOST_TARGETS, TYPES, Asked, read_csv
from crawler.jobs.webhooks.addresses import LONGEST
from crawler.jobs.webhooks.states import DeliveryState

MAX_BYTES = 4 * 1024 * 1024
MOST_LABELS = 10
MOST_ITEMS = 1_000_000
LONGEST_LIST_S = 24 * 3600
MOST_SHOWN = 1000

_TARGETS = f"must be a list of 1 to {MOST_TARGETS} objects with 'type' and 'value'"
_NO_OBJECT = "expected an object with 'type' and 'value'"
_ITEMS = f"must be a whole number from 1 to {MOST_ITEMS}"
_WITHIN = f"must be a whole number of seconds from 1 to {LONGEST_LIST_S}"
_LABEL = "must be a text of 1 to 64 characters without control characters"
_LABELS = f"must be a list of at most {MOST_LABELS} texts of 1 to 64 characters"
_WEBHOOK = f"must be an address of at most {LONGEST} characters"
_SHOWN = f"must be a number from 1 to {MOST_SHOWN}"
_STATES = ", ".join(f"'{state}'" for state in CrawlState)
_TARGET_STATES = ", ".join(f"'{state}'" for state in TargetState)
_NEXT = "What to ask for the next page with; null at the end."
_TYPES = validate.OneOf([kind.value for kind in TYPES])
_NULLABLE: dict[str, Any] = {"allow_none": True, "load_default": None}


class TargetRequest(Schema):
    """A target that is asked for."""

    type = fields.String(
        required=True, validate=_TYPES, metadata={"description": "What is to be crawled."}
    )
    value = fields.String(
        required=True,
        metadata={
            "description": "A link, or an id (video, music, comments), a username, a hashtag, the"
            " words of a search.",
            "minLength": 1,
            "maxLength": 2048,
        },
    )


class Targets(fields.List[Any]):
    """Targets as they are asked for; whether they are any is found out later, of all at once."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            fields.Nested(TargetRequest),
            error_messages={"required": "is required", **said(_TARGETS)},
            metadata={
                "description": f"1 to {MOST_TARGETS} targets; those that come twice are joined.",
                "minItems": 1,
                "maxItems": MOST_TARGETS,
            },
            **options,
        )

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if isinstance(value, bytes):  # which no JSON gives: it is a file
            return read_csv(value)
        if not isinstance(value, list):
            raise self.make_error("invalid")
        return [
            Asked(one.get("type"), one.get("value"))
            if isinstance(one, dict)
            else Asked(None, None, problem=_NO_OBJECT)
            for one in value
        ]


_A_LABEL = Line(r"[^\x00-\x1f\x7f]{1,64}", _LABELS, "A word.")


class Labels(fields.List[Any]):
    """A few words, each once."""

    def __init__(self) -> None:
        super().__init__(
            _A_LABEL,
            load_default=(),
            validate=validate.Length(max=MOST_LABELS, error=_LABELS),
            error_messages=said(_LABELS),
            metadata={"description": "Words by which you find it again."},
        )

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        return list(dict.fromkeys(map(_A_LABEL.deserialize, value)))


class OptionsRequest(Request):
    """What holds for all targets of a crawl."""

    max_bytes = MAX_BYTES

    limit = Whole(
        validate=validate.Range(1, MOST_ITEMS, error=_ITEMS),
        error_messages=said(_ITEMS),
        metadata={"description": "The most items of each list; of no meaning for videos."},
        **_NULLABLE,
    )
    since = Moment("Items made earlier are left out.", **_NULLABLE)
    until = Moment("Items made later are left out; later than `since`.", **_NULLABLE)
    within_s = Whole(
        validate=validate.Range(1, LONGEST_LIST_S, error=_WITHIN),
        error_messages=said(_WITHIN),
        metadata={"description": "Seconds that the crawl of each list may take."},
        **_NULLABLE,
    )
    only_new = Flag(
        load_default=False,
        error_messages=said("must be true or false"),
        metadata={"description": "Whether a list stops where items begin that are stored already."},
    )
    max_age = Seconds(
        maximum=OLDEST_S,
        error_messages=said(AGE_MUST_BE),
        metadata={
            "description": "Seconds: a post that was stored more recently is delivered without a"
            " crawl. Without it everything is crawled."
        },
    )
    labels = Labels()
    webhook = fields.String(
        validate=validate.Length(1, LONGEST, error=_WEBHOOK),
        error_messages=said(_WEBHOOK),
        metadata={"description": "The address that is told of the crawl's end."},
        **_NULLABLE,
    )


class CrawlRequest(OptionsRequest):
    """A crawl that is asked for."""

    takes_files = True

    targets = Targets(required=True)
    dry_run = Flag(
        load_default=False,
        error_messages=said("must be true or false"),
        metadata={"description": "Whether only to tell what it may cost, and make nothing."},
    )


class CrawlsRequest(PageRequest):
    """Which crawls are to be listed."""

    state = Word(
        CrawlState,
        error_messages=said(f"must be one of {_STATES}"),
        metadata={"description": "Only those in this state."},
    )
    label = Line(
        r"[^\x00-\x1f\x7f]{1,64}", _LABEL, "Only those with this label.", load_default=None
    )
    schedule = Line(
        r"[^\x00-\x1f\x7f]{1,64}", _LABEL, "Only those that this schedule made.", load_default=None
    )


class TargetsRequest(Request):
    """Which targets of a crawl are to be shown."""

    limit = fields.Integer(
        load_default=100,
        validate=validate.Range(1, MOST_SHOWN, error=_SHOWN),
        error_messages={**said(_SHOWN), "too_large": _SHOWN},
        metadata={"description": "How many targets at most."},
    )
    cursor = fields.String(
        load_default=None,
        error_messages=said("must be one that an earlier page gave"),
        metadata={"description": "`next_cursor` of the page before."},
    )
    state = Word(
        TargetState,
        error_messages=said(f"must be one of {_TARGET_STATES}"),
        metadata={"description": "Only targets in this state."},
    )


class OptionsAnswer(Schema):
    """What holds for all targets of a crawl."""

    limit = shown(fields.Integer, "The most items of each list.", allow_none=True)
    since = shown(fields.String, "Items made earlier are left out.", allow_none=True)
    until = shown(fields.String, "Items made later are left out.", allow_none=True)
    within_s = shown(fields.Integer, "Seconds that each list may take.", allow_none=True)
    only_new = shown(fields.Boolean, "Whether lists stop where known items begin.")
    max_age = shown(
        fields.Integer, "Seconds: newer posts are delivered without a crawl.", allow_none=True
    )
    labels = fields.List(
        fields.String(), required=True, metadata={"description": "Its owner's words for it."}
    )
    webhook = shown(fields.String, "The address that is told of its end.", allow_none=True)


class ItemsRequest(Request):
    """Which items of a crawl are to be read, and how."""

    format = Word(
        Format,
        error_messages=said("must be 'json', 'jsonl' or 'csv'"),
        metadata={
            "description": "`json` is a page (the default); `jsonl` and `csv` are a file of all"
            " that is there."
        },
    )
    limit = fields.Integer(
        load_default=100,
        validate=validate.Range(1, MOST_SHOWN, error=_SHOWN),
        error_messages={**said(_SHOWN), "too_large": _SHOWN},
        metadata={"description": "How many items of a page at most; of no meaning for a file."},
    )
    cursor = fields.String(
        load_default=None,
        error_messages=said("must be one that an earlier page gave"),
        metadata={"description": "`next_cursor` of the page before."},
    )


class CountsAnswer(Schema):
    """How many targets there are in each state, and how many items were delivered."""

    targets = shown(fields.Integer, "All targets.")
    pending = shown(fields.Integer, "Those without an outcome yet.")
    succeeded = shown(fields.Integer, "Those that succeeded.")
    failed = shown(fields.Integer, "Those that failed.")
    cancelled = shown(fields.Integer, "Those that were cancelled.")
    items = shown(fields.Integer, "Items that were delivered, each charged as one request.")


class CrawlAnswer(OptionsAnswer):
    """A crawl and how far it is."""

    id = shown(fields.String, "Its id.")
    state = shown(
        fields.String,
        "`queued`, `running`, then `succeeded` (each target did), `failed` (nothing was delivered"
        " and a target failed), `partial` (the rest) or `cancelled`.",
        validate=validate.OneOf([state.value for state in CrawlState]),
    )
    created_at = shown(fields.String, "When it was asked for, ISO 8601 in UTC.")
    started_at = shown(fields.String, "When its first target was taken up.", allow_none=True)
    finished_at = shown(fields.String, "When it ended.", allow_none=True)
    progress = shown(fields.Float, "Percent of the targets that have their outcome.")
    counts = fields.Nested(CountsAnswer, required=True)
    rate = shown(fields.Float, "Targets ended in a second, lately.", allow_none=True)
    eta_s = shown(fields.Integer, "In how many seconds it ends at this rate.", allow_none=True)
    verdicts = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={
            "description": "How many targets ended in which way: `stored`, how their list ended,"
            " or why they failed."
        },
    )
    stop_reason = shown(
        fields.String,
        "Why it stopped before all was done: `cancelled`, `quota` (the month is spent) or `errors`"
        " (too many targets failed).",
        allow_none=True,
    )
    attempts = shown(fields.Integer, "How often it was begun: one more with each retry.")
    webhook_state = shown(
        fields.String,
        "How far the last delivery to its webhook is.",
        allow_none=True,
        validate=validate.OneOf([state.value for state in DeliveryState]),
    )
    schedule = shown(fields.String, "The schedule that made it.", allow_none=True)
    coverage = fields.Dict(
        keys=fields.String(),
        values=fields.Float(),
        required=True,
        allow_none=True,
        metadata={"description": "The share of delivered posts that have each field, at its end."},
    )
    falls = fields.List(
        fields.Dict(keys=fields.String()),
        required=True,
        metadata={
            "description": "Fields that far fewer posts have than in the crawl before: `field`,"
            " `was`, `is`."
        },
    )


class PreviewAnswer(Schema):
    """What a crawl may cost that was not made."""

    dry_run = fields.Constant(True, required=True, metadata={"type": "boolean"})
    targets = shown(fields.Integer, "Targets that would be crawled, each once.")
    duplicates = shown(fields.Integer, "Targets that were sent beside them and are the same ones.")
    stored = shown(
        fields.Integer, "Those that are stored and new enough to be delivered without a crawl."
    )
    least_requests = shown(fields.Integer, "Requests of the month that it costs at least.")
    most_requests = shown(
        fields.Integer,
        "Requests that it costs at most; null when a list has no `limit`.",
        allow_none=True,
    )
    requests_remaining = shown(fields.Integer, "What is left of the month.")


class ItemAnswer(Schema):
    """An item that a crawl delivered."""

    sequence = shown(fields.Integer, "Its place among the crawl's items, from 1, without gaps.")
    kind = shown(
        fields.String,
        "What it is.",
        validate=validate.OneOf([kind.value for kind in Kind]),
    )
    target = shown(fields.Integer, "Number of the target that brought it first.")
    delivered_at = shown(fields.String, "When it was delivered.")
    item = fields.Dict(
        keys=fields.String(),
        required=True,
        allow_none=True,
        metadata={
            "description": "A video (the `metadata` of an extraction), user, hashtag, sound or"
            " comment as it is stored now; null when it is gone since."
        },
    )


class ItemsAnswer(Schema):
    """Items of a crawl in the order in which they were delivered."""

    items = fields.List(fields.Nested(ItemAnswer), required=True)
    next_cursor = shown(
        fields.String,
        "What to ask for the next page with; null at the end. While the crawl goes on there is one"
        " at the end too: what comes later begins there.",
        allow_none=True,
    )


class TargetAnswer(Schema):
    """A target of a crawl, with its outcome."""

    number = shown(fields.Integer, "Its place among the crawl's targets, from 1.")
    type = shown(fields.String, "What it is.", validate=_TYPES)
    value = shown(fields.String, "Its id, name, link or words.")
    url = shown(fields.String, "Its page on TikTok.")
    state = shown(
        fields.String,
        "How far it is.",
        validate=validate.OneOf([state.value for state in TargetState]),
    )
    reason = shown(
        fields.String,
        "Why it failed or was cancelled, a stable word.",
        allow_none=True,
        validate=validate.OneOf([reason.value for reason in Reason]),
    )
    retryable = shown(fields.Boolean, "Whether a retry can help.", allow_none=True)
    message = shown(fields.String, "What TikTok said itself.", allow_none=True)
    stop_reason = shown(
        fields.String,
        "How its list ended.",
        allow_none=True,
        validate=validate.OneOf([reason.value for reason in StopReason]),
    )
    collected = shown(fields.Integer, "Items of its list.", allow_none=True)
    reported_total = shown(
        fields.Integer, "How many its page said there are; null when it did not.", allow_none=True
    )
    complete = shown(
        fields.Boolean, "Whether its list ended by itself with all of them.", allow_none=True
    )
    video_id = shown(fields.String, "The post that it led to.", allow_none=True)
    cached = shown(fields.Boolean, "Whether it was delivered without a crawl.")
    attempts = shown(fields.Integer, "How often it was tried.")
    started_at = shown(fields.String, "When it was taken up.", allow_none=True)
    finished_at = shown(fields.String, "When it ended.", allow_none=True)


class CrawlsAnswer(Schema):
    """Crawls, newest first."""

    crawls = fields.List(fields.Nested(CrawlAnswer), required=True)
    next_cursor = shown(fields.String, _NEXT, allow_none=True)


class CrawlDetailAnswer(CrawlAnswer):
    """A crawl with some of its targets."""

    targets = fields.List(
        fields.Nested(TargetAnswer),
        required=True,
        metadata={"description": "Its targets, in the order in which they were sent."},
    )
    next_cursor = shown(fields.String, _NEXT, allow_none=True)
