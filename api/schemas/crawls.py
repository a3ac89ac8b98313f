"""Crawls: what is asked for of them."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from api.delivered import Format
from api.schemas.fields import Line, Moment, Whole, said
from api.schemas.keys import PageRequest, Request
from api.schemas.quick import Flag, Seconds, Word
from api.schemas.video import AGE_MUST_BE, OLDEST_S
from crawler.jobs.crawl import CrawlState, TargetState
from crawler.jobs.targets import MOST_TARGETS, TYPES, Asked, read_csv
from crawler.jobs.webhooks.addresses import LONGEST

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
_NULLABLE: dict[str, Any] = {"allow_none": True, "load_default": None}


class TargetRequest(Schema):
    """A target that is asked for."""

    type = fields.String(
        required=True,
        validate=validate.OneOf([kind.value for kind in TYPES]),
        metadata={"description": "What is to be crawled."},
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


class LongPageRequest(Request):
    """Which part of a long list is asked for."""

    limit = fields.Integer(
        load_default=100,
        validate=validate.Range(1, MOST_SHOWN, error=_SHOWN),
        error_messages={**said(_SHOWN), "too_large": _SHOWN},
        metadata={"description": "How many of a page at most."},
    )
    cursor = fields.String(
        load_default=None,
        error_messages=said("must be one that an earlier page gave"),
        metadata={"description": "`next_cursor` of the page before."},
    )


class TargetsRequest(LongPageRequest):
    """Which targets of a crawl are to be shown."""

    state = Word(
        TargetState,
        error_messages=said(f"must be one of {_TARGET_STATES}"),
        metadata={"description": "Only targets in this state."},
    )


class ItemsRequest(LongPageRequest):
    """Which items of a crawl are to be read, and how."""

    format = Word(
        Format,
        error_messages=said("must be 'json', 'jsonl' or 'csv'"),
        metadata={
            "description": "`json` is a page (the default); `jsonl` and `csv` are a file of all"
            " that is there, for which `limit` means nothing."
        },
    )
