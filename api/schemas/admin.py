"""The administration: accounts and the audit."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from accounts.accounts import EMAIL, Status
from accounts.audit import What
from api.schemas.fields import Line, said, shown
from api.schemas.keys import EFFECTIVE, PageRequest, Request
from settings.plans import PlanName

_PLANS = tuple(plan.value for plan in PlanName)
_STATES = tuple(status.value for status in Status)
_PLAN = f"must be one of {', '.join(_PLANS)}"
_STATE = f"must be one of {', '.join(_STATES)}"
_EMAIL = "must be an e-mail address such as name@example.com"
_ACCOUNT = "must be the id of an account"
_REQUIRED = {"required": "is required"}


class CreateRequest(Request):
    """An account that is asked for."""

    email = Line(EMAIL, _EMAIL, "Address of its owner.", required=True, error_messages=_REQUIRED)
    plan = fields.String(
        required=True,
        validate=validate.OneOf(_PLANS, error=_PLAN),
        error_messages={**said(_PLAN), **_REQUIRED},
        metadata={"description": "Its plan."},
    )


class AccountEditRequest(Request):
    """What is to be changed of an account; what is not named stays."""

    plan = fields.String(
        validate=validate.OneOf(_PLANS, error=_PLAN),
        error_messages=said(_PLAN),
        metadata={"description": "Another plan; what is used of the month stays used."},
    )
    status = fields.String(
        validate=validate.OneOf(_STATES, error=_STATE),
        error_messages=said(_STATE),
        metadata={"description": "`suspended` refuses all its calls, `active` admits them again."},
    )


class AuditRequest(PageRequest):
    """Which records of the audit are asked for."""

    account = fields.String(
        load_default=None,
        error_messages=said(_ACCOUNT),
        metadata={"description": "Id or e-mail address of an account; all accounts without it."},
    )


class AccountAnswer(Schema):
    """An account."""

    id = shown(fields.String, "Its id.")
    email = shown(fields.String, "Its e-mail address, or what stands for one.")
    plan = shown(fields.String, "Its plan.", validate=validate.OneOf(_PLANS))
    status = shown(fields.String, "Its state.", validate=validate.OneOf(_STATES))
    created_at = shown(fields.String, "When it was made, ISO 8601 in UTC.")
    last_request_at = shown(
        fields.String,
        "When it was last charged or failed; up to 20 seconds late.",
        allow_none=True,
    )


class ChangedAccountAnswer(AccountAnswer):
    """An account after a change."""

    effective = shown(fields.Boolean, EFFECTIVE)


class AccountsAnswer(Schema):
    """Some accounts, newest first."""

    accounts = fields.List(fields.Nested(AccountAnswer), required=True)
    next_cursor = shown(
        fields.String, "What to ask for the next page with; null at the end.", allow_none=True
    )


class RecordAnswer(Schema):
    """A change."""

    id = shown(fields.String, "Its id.")
    at = shown(fields.String, "When it was made, ISO 8601 in UTC.")
    who = shown(
        fields.String,
        "`cli`, `admin`, `system` for the service itself, or the id of the key that asked.",
    )
    what = shown(
        fields.String, "What was done.", validate=validate.OneOf([what.value for what in What])
    )
    account_id = shown(fields.String, "The account that it was done to.")
    key_id = shown(fields.String, "The key, if it was done to one.", allow_none=True)
    before = shown(fields.Dict, "What changed, as it was.")
    after = shown(fields.Dict, "What changed, as it is since.")
    request_id = shown(
        fields.String, "The request that did it, if it came by HTTP.", allow_none=True
    )


class AuditAnswer(Schema):
    """Some records of the audit, newest first."""

    records = fields.List(fields.Nested(RecordAnswer), required=True)
    next_cursor = shown(
        fields.String, "What to ask for the next page with; null at the end.", allow_none=True
    )
