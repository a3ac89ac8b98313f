"""API keys: what is asked of them, and how they are shown."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from accounts.key import KeyStatus
from accounts.keys import MAX_OVERLAP_S, OVERLAP_S
from api.schemas.fields import FutureMoment, Line, Networks, Whole, said, shown

_LABEL = "must be a text of 1 to 64 characters without control characters, or null"
_OVERLAP = f"must be a number of seconds from 0 to {MAX_OVERLAP_S}"
_LIMIT = "must be a number from 1 to 100"
_CURSOR = "must be one that an earlier page gave"
_ALLOW = "Addresses and networks that it may be used from; empty for all."
EFFECTIVE = (
    "Whether the change holds everywhere by now; false (with status 202) when it is kept but Redis"
    " does not answer: then it holds within a second of its answering again."
)


def _label(**options: Any) -> Line:
    return Line(r"[^\x00-\x1f\x7f]{1,64}", _LABEL, "What you call it.", allow_none=True, **options)


class Request(Schema):
    """Anything that is asked for."""

    class Meta:
        """Newer clients may send more than this version knows."""

        unknown = EXCLUDE


class PageRequest(Request):
    """Which part of a list is asked for."""

    limit = fields.Integer(
        load_default=50,
        validate=validate.Range(1, 100, error=_LIMIT),
        error_messages={**said(_LIMIT), "too_large": _LIMIT},
        metadata={"description": "How many at most."},
    )
    cursor = fields.String(
        load_default=None,
        error_messages=said(_CURSOR),
        metadata={"description": "`next_cursor` of the page before."},
    )


class IssueRequest(Request):
    """A key that is asked for."""

    label = _label(load_default=None)
    expires_at = FutureMoment(
        "When it stops working; never if null.", allow_none=True, load_default=None
    )
    allow = Networks(_ALLOW, load_default=())


class EditRequest(Request):
    """What is to be changed of a key; what is not named stays."""

    label = _label()
    allow = Networks(_ALLOW)


class RotateRequest(Request):
    """How a key is to be rotated."""

    overlap_s = Whole(
        load_default=OVERLAP_S,
        validate=validate.Range(0, MAX_OVERLAP_S, error=_OVERLAP),
        error_messages=said(_OVERLAP),
        metadata={
            "description": "Seconds for which the old key works on; 0 revokes it at once, and it"
            " never works longer than it would have."
        },
    )


class KeyAnswer(Schema):
    """A key, without what it is made of."""

    id = shown(fields.String, "Its id.")
    account_id = shown(fields.String, "The account that it belongs to.")
    begins = shown(fields.String, "Its first characters.")
    label = shown(fields.String, "What its owner calls it.", allow_none=True)
    status = shown(
        fields.String,
        "Whether it works.",
        validate=validate.OneOf([status.value for status in KeyStatus]),
    )
    allow = fields.List(fields.String(), required=True, metadata={"description": _ALLOW})
    created_at = shown(fields.String, "When it was issued, ISO 8601 in UTC.")
    expires_at = shown(fields.String, "When it stops working.", allow_none=True)
    revoked_at = shown(fields.String, "When it was revoked.", allow_none=True)
    last_used_at = shown(
        fields.String,
        "When it was last charged or failed; up to 20 seconds late.",
        allow_none=True,
    )
    replaced_by = shown(fields.String, "Id of the key that it was rotated to.", allow_none=True)
    current = shown(fields.Boolean, "Whether it is the key that asks.")


class KeysAnswer(Schema):
    """Some keys of an account, newest first."""

    keys = fields.List(fields.Nested(KeyAnswer), required=True)
    next_cursor = shown(
        fields.String, "What to ask for the next page with; null at the end.", allow_none=True
    )


class ChangedKeyAnswer(KeyAnswer):
    """A key after a change."""

    effective = shown(fields.Boolean, EFFECTIVE)


class IssuedKeyAnswer(KeyAnswer):
    """A new key."""

    key = shown(fields.String, "The key itself, which is shown this once only.")


class RotatedKeyAnswer(IssuedKeyAnswer):
    """A new key in another's place."""

    replaces = fields.Nested(KeyAnswer, required=True)
    effective = shown(fields.Boolean, EFFECTIVE)
