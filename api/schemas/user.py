"""The caller's own account: how it stands, and what it used."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from accounts.accounts import Status
from accounts.windows import Period
from settings.plans import PlanName

_PERIODS = tuple(period.value for period in Period)
_MUST_BE = f"must be one of {', '.join(_PERIODS)}"


def _required(kind: type[fields.Field[Any]], description: str, **options: Any) -> Any:
    return kind(required=True, metadata={"description": description}, **options)


class Features(Schema):
    """What the plan includes."""

    video_extraction = _required(fields.Boolean, "Addresses of videos.")
    metadata_extraction = _required(fields.Boolean, "Their metadata.")
    country_detection = _required(fields.Boolean, "`extract_country`.")
    priority_support = _required(fields.Boolean, "Questions are answered first.")


class Billing(Schema):
    """The billing period."""

    current_period_start = _required(fields.String, "Its first moment, ISO 8601 in UTC.")
    current_period_end = _required(fields.String, "The first moment after it.")
    next_billing_date = _required(fields.String, "The same moment.")


class MeAnswer(Schema):
    """How the account stands."""

    email = _required(fields.String, "Its e-mail address.")
    plan = _required(
        fields.String, "Its plan.", validate=validate.OneOf([plan.value for plan in PlanName])
    )
    status = _required(
        fields.String, "Its state.", validate=validate.OneOf([status.value for status in Status])
    )
    requests_used = _required(fields.Integer, "What was charged in the billing period.")
    requests_limit = _required(fields.Integer, "The plan's requests a month.")
    requests_remaining = _required(fields.Integer, "What is left of the month.")
    usage_percent = _required(fields.Float, "How much of the month is used; one decimal.")
    rate_limit = _required(fields.String, "The plan's requests a minute, in words.")
    features = fields.Nested(Features, required=True)
    billing = fields.Nested(Billing, required=True)
    created_at = _required(fields.String, "When the account was made, ISO 8601 in UTC.")
    last_request_at = _required(
        fields.String, "When a request was last answered or failed.", allow_none=True
    )


class UsageRequest(Schema):
    """What usage is asked for."""

    class Meta:
        """Newer clients may send more than this version knows."""

        unknown = EXCLUDE

    period = fields.String(
        load_default=Period.MONTH.value,
        validate=validate.OneOf(_PERIODS, error=_MUST_BE),
        error_messages={"invalid": _MUST_BE, "null": _MUST_BE},
        metadata={
            "description": "`today`, the last 7 days, the billing period so far, or all since the"
            " account was made; days are UTC and end today."
        },
    )


class DayOfUsage(Schema):
    """A day."""

    date = _required(fields.String, "YYYY-MM-DD, UTC.")
    count = _required(fields.Integer, "Its requests.")


class TopVideo(Schema):
    """A video that was asked for often."""

    video_id = _required(fields.String, "TikTok's id of the post.")
    requests = _required(fields.Integer, "How often.")
    last_requested = _required(fields.String, "The last time, ISO 8601 in UTC.")


class UsageAnswer(Schema):
    """What was used in a period."""

    period = _required(fields.String, "The period.", validate=validate.OneOf(_PERIODS))
    total_requests = _required(fields.Integer, "Extractions answered 200, 404 or 5xx.")
    successful_requests = _required(fields.Integer, "Those answered 200.")
    failed_requests = _required(fields.Integer, "The rest.")
    cached_requests = _required(fields.Integer, "Those that needed no crawl.")
    cache_hit_rate = _required(fields.Float, "Their share in percent; one decimal.")
    average_response_time_ms = _required(fields.Integer, "Milliseconds, on the average.")
    requests_by_day = fields.List(
        fields.Nested(DayOfUsage),
        required=True,
        metadata={"description": "Every day of the period, oldest first."},
    )
    top_videos = fields.List(
        fields.Nested(TopVideo),
        required=True,
        metadata={"description": "The ten that were asked for most often."},
    )
