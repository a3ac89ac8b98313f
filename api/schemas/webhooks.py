"""Webhooks: what is asked of their secret, deliveries and endpoints, and how they are shown."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from api.schemas.fields import Whole, said, shown
from api.schemas.keys import Request
from crawler.jobs.webhooks.secrets import MAX_OVERLAP_S, OVERLAP_S
from crawler.jobs.webhooks.states import DeliveryState, Failure, OffReason

_OVERLAP = f"must be a number of seconds from 0 to {MAX_OVERLAP_S}"
_NEXT = "What to ask for the next page with; null at the end."


class RotateSecretRequest(Request):
    """How the secret is to be rotated."""

    overlap_s = Whole(
        load_default=OVERLAP_S,
        validate=validate.Range(0, MAX_OVERLAP_S, error=_OVERLAP),
        error_messages=said(_OVERLAP),
        metadata={
            "description": "Seconds for which messages are signed with the old secret as well; with"
            " 0 they are signed with the new one alone from now on."
        },
    )


class SecretAnswer(Schema):
    """What the account's webhooks are signed with."""

    secret = shown(fields.String, "The secret, as verifiers of Standard Webhooks take it.")
    created_at = shown(fields.String, "When it was made, ISO 8601 in UTC.")
    previous = shown(
        fields.String,
        "The secret before, with which messages are signed as well for now.",
        allow_none=True,
    )
    previous_until = shown(fields.String, "Until when.", allow_none=True)


class AttemptAnswer(Schema):
    """One attempt at a delivery."""

    at = shown(fields.String, "When it began.")
    status = shown(fields.Integer, "The receiver's HTTP status, if it answered.", allow_none=True)
    error = shown(
        fields.String,
        "Why it failed; null when it arrived.",
        allow_none=True,
        validate=validate.OneOf([failure.value for failure in Failure]),
    )
    duration_ms = shown(fields.Integer, "How long it took.")
    response = shown(fields.String, "The start of the receiver's answer.")


class DeliveryAnswer(Schema):
    """One message to one receiver."""

    id = shown(fields.String, "The header `webhook-id` of its message.")
    crawl_id = shown(fields.String, "The crawl that it tells of.")
    endpoint_id = shown(fields.String, "Id of the endpoint that it goes to.")
    url = shown(fields.String, "Where it goes.")
    type = shown(fields.String, "What it tells, such as `crawl.succeeded`.")
    body = shown(fields.String, "The message, as it is signed and sent.")
    state = shown(
        fields.String,
        "How far it is.",
        validate=validate.OneOf([state.value for state in DeliveryState]),
    )
    created_at = shown(fields.String, "When the crawl ended.")
    next_at = shown(fields.String, "When it is sent next; null when it is not.", allow_none=True)
    ended_at = shown(fields.String, "When it arrived or was given up.", allow_none=True)
    attempts = fields.List(
        fields.Nested(AttemptAnswer),
        required=True,
        metadata={"description": "What came of the last 50 attempts, oldest first."},
    )


class DeliveriesAnswer(Schema):
    """Deliveries of a crawl, newest first."""

    deliveries = fields.List(fields.Nested(DeliveryAnswer), required=True)
    next_cursor = shown(fields.String, _NEXT, allow_none=True)


class EndpointAnswer(Schema):
    """An address that the account's webhooks go to, known from its first attempt on."""

    id = shown(fields.String, "Its id.")
    url = shown(fields.String, "The address.")
    first_at = shown(fields.String, "When something was first sent there.")
    last_success_at = shown(fields.String, "When a message last arrived.", allow_none=True)
    last_failure_at = shown(fields.String, "When an attempt last failed.", allow_none=True)
    failing_since = shown(
        fields.String,
        "When the first of the failures was after which nothing arrived.",
        allow_none=True,
    )
    off_since = shown(
        fields.String, "Since when nothing is sent there; null while it is on.", allow_none=True
    )
    off_reason = shown(
        fields.String,
        "Why: `gone`, it answered 410; `failing`, nothing arrived for three days.",
        allow_none=True,
        validate=validate.OneOf([reason.value for reason in OffReason]),
    )


class EndpointsAnswer(Schema):
    """Endpoints of the account, newest first."""

    endpoints = fields.List(fields.Nested(EndpointAnswer), required=True)
    next_cursor = shown(fields.String, _NEXT, allow_none=True)
