"""Endpoints of the administration: accounts and the audit. They know neither rate nor month."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from accounts.accounts import Status
from accounts.audit import By
from api import key_examples as examples
from api.administered import administered
from api.calls import CALL, DATA
from api.changing import changing, respond, written
from api.errors import (
    ACCOUNT_EXISTS,
    ACCOUNT_NOT_FOUND,
    INVALID_PARAMETER,
    MISSING_PARAMETER,
    OF_BODIES,
    ApiError,
)
from api.middlewares.token import behind_token
from api.parts import ACCOUNTS, AUDIT
from api.schemas.admin import (
    AccountAnswer,
    AccountEditRequest,
    AccountsAnswer,
    AuditAnswer,
    AuditRequest,
    ChangedAccountAnswer,
    CreateRequest,
)
from api.schemas.keys import PageRequest
from settings.plans import PlanName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accounts.accounts import Account
    from accounts.audit import Record


@administered(
    summary="List accounts",
    query=PageRequest,
    answers={200: (AccountsAnswer, "The accounts", examples.ACCOUNTS)},
    problems=(INVALID_PARAMETER,),
)
async def list_accounts(request: web.Request) -> web.Response:
    """All accounts, newest first."""
    async with changing():
        page = await request.app[ACCOUNTS].page(**request[DATA])
    return respond(
        {"accounts": [_shown(account) for account in page.items], "next_cursor": page.cursor}
    )


@administered(
    summary="Make an account",
    body=CreateRequest,
    body_example=examples.CREATE_REQUEST,
    answers={201: (AccountAnswer, "The account", examples.CREATED)},
    problems=(MISSING_PARAMETER, *OF_BODIES, ACCOUNT_EXISTS),
)
async def create_account(request: web.Request) -> web.Response:
    """A new account, which has no key yet."""
    asked = request[DATA]
    async with changing():
        account = await request.app[ACCOUNTS].create(
            asked["email"], PlanName(asked["plan"]), by=by_admin(request)
        )
    return respond(_shown(account), status=201)


@administered(
    summary="Show an account",
    answers={200: (AccountAnswer, "The account", examples.ACCOUNT)},
    problems=(ACCOUNT_NOT_FOUND,),
)
async def show_account(request: web.Request) -> web.Response:
    """An account by its id or e-mail address."""
    async with changing():
        account = await request.app[ACCOUNTS].find(request.match_info["account"])
    return respond(_shown(account))


@administered(
    summary="Change an account",
    body=AccountEditRequest,
    body_example=examples.ACCOUNT_EDIT_REQUEST,
    answers={
        200: (ChangedAccountAnswer, "The account", examples.ACCOUNT_EDITED),
        202: (
            ChangedAccountAnswer,
            "The change is told later",
            examples.pending(examples.ACCOUNT_EDITED),
        ),
    },
    problems=(MISSING_PARAMETER, *OF_BODIES, ACCOUNT_NOT_FOUND),
)
async def edit_account(request: web.Request) -> web.Response:
    """Suspend or resume an account or change its plan, with effect from its next call."""
    asked = request[DATA]
    if not asked:
        raise ApiError(MISSING_PARAMETER, detail="'plan' or 'status' is required")
    async with changing():
        account = await request.app[ACCOUNTS].change(
            request.match_info["account"],
            plan=PlanName(asked["plan"]) if "plan" in asked else None,
            status=Status(asked["status"]) if "status" in asked else None,
            by=by_admin(request),
        )
    return respond({**_shown(account), "effective": account.is_told}, is_told=account.is_told)


@administered(
    summary="Read the audit",
    query=AuditRequest,
    answers={200: (AuditAnswer, "The records", examples.AUDIT)},
    problems=(INVALID_PARAMETER, ACCOUNT_NOT_FOUND),
)
async def read_audit(request: web.Request) -> web.Response:
    """Who changed which account or key, when and how, newest first."""
    asked = request[DATA]
    who = asked.pop("account")
    async with changing():
        account = await request.app[ACCOUNTS].find(who) if who is not None else None
        page = await request.app[AUDIT].page(account.id if account else None, **asked)
    return respond(
        {"records": [_shown_record(record) for record in page.items], "next_cursor": page.cursor}
    )


def by_admin(request: web.Request) -> By:
    """The holder of the token, in this request."""
    return By(who="admin", request_id=request[CALL].id)


def _shown(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "email": account.email,
        "plan": account.plan.value,
        "status": account.status.value,
        "created_at": written(account.created_at),
        "last_request_at": written(account.last_request_at),
    }


def _shown_record(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "at": written(record.at),
        "who": record.by.who,
        "what": record.what.value,
        "account_id": record.account_id,
        "key_id": record.key_id,
        "before": _plain(record.before),
        "after": _plain(record.after),
        "request_id": record.by.request_id,
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: written(value) if isinstance(value, datetime) else value
        for name, value in values.items()
    }


ROUTES = [
    web.get("/admin/v1/accounts", behind_token(list_accounts)),
    web.post("/admin/v1/accounts", behind_token(create_account)),
    web.get("/admin/v1/accounts/{account}", behind_token(show_account)),
    web.patch("/admin/v1/accounts/{account}", behind_token(edit_account)),
    web.get("/admin/v1/audit", behind_token(read_audit)),
]
