"""Endpoints of the administration: the keys of any account."""

from __future__ import annotations

from aiohttp import web

from api import key_examples as examples
from api.administered import administered
from api.calls import DATA
from api.changing import (
    answer_change,
    answer_issue,
    answer_rotation,
    changing,
    respond,
    shown_key,
    wanted_edit,
)
from api.errors import (
    ACCOUNT_NOT_FOUND,
    INVALID_PARAMETER,
    KEY_CONFLICT,
    KEY_NOT_FOUND,
    MISSING_PARAMETER,
    OF_BODIES,
    TOO_MANY_KEYS,
)
from api.handlers.admin import by_admin
from api.middlewares.token import behind_token
from api.parts import ACCOUNTS, KEYS
from api.schemas.keys import (
    ChangedKeyAnswer,
    EditRequest,
    IssuedKeyAnswer,
    IssueRequest,
    KeysAnswer,
    PageRequest,
    RotatedKeyAnswer,
    RotateRequest,
)


@administered(
    summary="List an account's keys",
    query=PageRequest,
    answers={200: (KeysAnswer, "The keys", examples.KEYS)},
    problems=(INVALID_PARAMETER, ACCOUNT_NOT_FOUND),
)
async def list_keys_of(request: web.Request) -> web.Response:
    """The keys of an account, revoked ones too, newest first."""
    async with changing():
        account = await request.app[ACCOUNTS].find(request.match_info["account"])
        page = await request.app[KEYS].page(account.id, **request[DATA])
    keys = [shown_key(key) for key in page.items]
    return respond({"keys": keys, "next_cursor": page.cursor})


@administered(
    summary="Issue a key for an account",
    body=IssueRequest,
    body_example=examples.ISSUE_REQUEST,
    answers={201: (IssuedKeyAnswer, "The new key", examples.ISSUED)},
    problems=(*OF_BODIES, ACCOUNT_NOT_FOUND, TOO_MANY_KEYS),
)
async def issue_key_for(request: web.Request) -> web.Response:
    """A new key; it is shown this once only. An account has 20 that work at most."""
    async with changing():
        account = await request.app[ACCOUNTS].find(request.match_info["account"])
        key, secret = await request.app[KEYS].issue(
            account.id, by=by_admin(request), **request[DATA]
        )
    return answer_issue(key, secret)


@administered(
    summary="Rotate any key",
    body=RotateRequest,
    body_example=examples.ROTATE_REQUEST,
    answers={
        201: (RotatedKeyAnswer, "The new key", examples.ROTATED),
        202: (
            RotatedKeyAnswer,
            "The old key's end is told later",
            examples.pending(examples.ROTATED),
        ),
    },
    problems=(*OF_BODIES, KEY_NOT_FOUND, KEY_CONFLICT, TOO_MANY_KEYS),
)
async def rotate_any_key(request: web.Request) -> web.Response:
    """A new key with the label, networks and end of an old one, which works on for a while."""
    async with changing():
        rotation = await request.app[KEYS].rotate(
            request.match_info["id"], by=by_admin(request), **request[DATA]
        )
    return answer_rotation(rotation)


@administered(
    summary="Change any key",
    body=EditRequest,
    body_example=examples.EDIT_REQUEST,
    answers={
        200: (ChangedKeyAnswer, "The key", examples.EDITED),
        202: (ChangedKeyAnswer, "The change is told later", examples.pending(examples.EDITED)),
    },
    problems=(MISSING_PARAMETER, *OF_BODIES, KEY_NOT_FOUND, KEY_CONFLICT),
)
async def edit_any_key(request: web.Request) -> web.Response:
    """Another label, other networks, or both; what is not named stays as it is."""
    edit = wanted_edit(request)
    async with changing():
        key = await request.app[KEYS].edit(request.match_info["id"], edit, by=by_admin(request))
    return answer_change(key)


@administered(
    summary="Revoke any key",
    answers={
        200: (ChangedKeyAnswer, "The key", examples.REVOKED),
        202: (ChangedKeyAnswer, "The change is told later", examples.pending(examples.REVOKED)),
    },
    problems=(KEY_NOT_FOUND,),
)
async def revoke_any_key(request: web.Request) -> web.Response:
    """End a key for ever, with effect from the next call."""
    async with changing():
        key = await request.app[KEYS].revoke(request.match_info["id"], by=by_admin(request))
    return answer_change(key)


_KEYS_OF = "/admin/v1/accounts/{account}/keys"
ROUTES = [
    web.get(_KEYS_OF, behind_token(list_keys_of)),
    web.post(_KEYS_OF, behind_token(issue_key_for)),
    web.post("/admin/v1/keys/{id}/rotate", behind_token(rotate_any_key)),
    web.patch("/admin/v1/keys/{id}", behind_token(edit_any_key)),
    web.delete("/admin/v1/keys/{id}", behind_token(revoke_any_key)),
]
