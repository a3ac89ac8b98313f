"""Crawls, their targets and their items, as they are shown."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from api.schemas.fields import shown
from crawler.errors import Reason
from crawler.items import Kind
from crawler.jobs.crawl import CrawlState, TargetState
from crawler.jobs.lists import StopReason
from crawler.jobs.targets import TYPES
from crawler.jobs.webhooks.states import DeliveryState

_NEXT = "What to ask for the next page with; null at the end."


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
    type = shown(
        fields.String, "What it is.", validate=validate.OneOf([kind.value for kind in TYPES])
    )
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
