"""Endpoints of the keys of the caller's own account; they count towards the rate, cost nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from accounts.audit import By
from accounts.networks import are_open_to
from api import key_examples as examples
from api.calls import CALL, DATA
from api.changing import (
    answer_change,
    answer_issue,
    answer_rotation,
    changing,
    respond,
    shown_key,
    wanted_edit,
)
from api.documented import documented
from api.errors import (
    FORBIDDEN,
    INVALID_PARAMETER,
    KEY_CONFLICT,
    KEY_NOT_FOUND,
    LOCKED_OUT,
    MISSING_PARAMETER,
    OF_BODIES,
    OF_KEYS,
    TOO_MANY_KEYS,
    ApiError,
)
from api.middlewares.gate import behind_gate
from api.owned import admit_free
from api.parts import KEYS
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

if TYPE_CHECKING:
    from accounts.limits import Admission

_FOREIGN = "rapidapi:"


@documented(
    tag="Keys",
    summary="List the account's keys",
    query=PageRequest,
    answers={200: (KeysAnswer, "The keys", examples.KEYS)},
    problems=(INVALID_PARAMETER, *OF_KEYS),
)
async def list_keys(request: web.Request) -> web.Response:
    """The keys of the account that the key belongs to, revoked ones too, newest first."""
    admission = await _admit(request)
    async with changing():
        page = await request.app[KEYS].page(admission.account_id, **request[DATA])
    keys = [shown_key(key, caller=admission.key_id) for key in page.items]
    return respond({"keys": keys, "next_cursor": page.cursor})


@documented(
    tag="Keys",
    summary="Issue a key",
    body=IssueRequest,
    body_example=examples.ISSUE_REQUEST,
    answers={201: (IssuedKeyAnswer, "The new key", examples.ISSUED)},
    problems=(*OF_BODIES, TOO_MANY_KEYS, *OF_KEYS),
)
async def issue_key(request: web.Request) -> web.Response:
    """A new key of the account; it is shown this once only. An account has 20 that work at most."""
    admission = await _admit(request)
    async with changing():
        key, secret = await request.app[KEYS].issue(
            admission.account_id, by=_by(request, admission), **request[DATA]
        )
    return answer_issue(key, secret)


@documented(
    tag="Keys",
    summary="Rotate a key",
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
    problems=(*OF_BODIES, KEY_NOT_FOUND, KEY_CONFLICT, TOO_MANY_KEYS, *OF_KEYS),
)
async def rotate_key(request: web.Request) -> web.Response:
    """A new key with the label, networks and end of an old one, which works on for a while.

    The new key is shown this once only.
    """
    admission = await _admit(request)
    async with changing():
        rotation = await request.app[KEYS].rotate(
            request.match_info["id"],
            of=admission.account_id,
            by=_by(request, admission),
            **request[DATA],
        )
    return answer_rotation(rotation, caller=admission.key_id)


@documented(
    tag="Keys",
    summary="Change a key",
    body=EditRequest,
    body_example=examples.EDIT_REQUEST,
    answers={
        200: (ChangedKeyAnswer, "The key", examples.EDITED),
        202: (ChangedKeyAnswer, "The change is told later", examples.pending(examples.EDITED)),
    },
    problems=(
        MISSING_PARAMETER,
        *OF_BODIES,
        KEY_NOT_FOUND,
        KEY_CONFLICT,
        LOCKED_OUT,
        *OF_KEYS,
    ),
)
async def edit_key(request: web.Request) -> web.Response:
    """Another label, other networks, or both; what is not named stays as it is.

    The key that asks cannot be given networks without the address that it asks from.
    """
    admission = await _admit(request)
    edit = wanted_edit(request, requests_remaining=admission.requests_remaining)
    key_id, allow = request.match_info["id"], edit.get("allow")
    if allow and key_id == admission.key_id:
        address = request[CALL].address
        if not are_open_to(allow, address):
            raise ApiError(LOCKED_OUT, detail=f"{LOCKED_OUT.detail}: {address}")
    async with changing():
        key = await request.app[KEYS].edit(
            key_id, edit, of=admission.account_id, by=_by(request, admission)
        )
    return answer_change(key, caller=admission.key_id)


@documented(
    tag="Keys",
    summary="Revoke a key",
    answers={
        200: (ChangedKeyAnswer, "The key", examples.REVOKED),
        202: (ChangedKeyAnswer, "The change is told later", examples.pending(examples.REVOKED)),
    },
    problems=(INVALID_PARAMETER, KEY_NOT_FOUND, *OF_KEYS),
)
async def revoke_key(request: web.Request) -> web.Response:
    """End a key for ever, with effect from the next call; the key that asks may end itself."""
    admission = await _admit(request)
    async with changing():
        key = await request.app[KEYS].revoke(
            request.match_info["id"], of=admission.account_id, by=_by(request, admission)
        )
    return answer_change(key, caller=admission.key_id)


async def _admit(request: web.Request) -> Admission:
    """Admit the call of an account that has keys of ours."""
    admission = await admit_free(request)
    if admission.account_id.startswith(_FOREIGN):
        raise ApiError(FORBIDDEN, detail="This account calls through RapidAPI, which has its keys")
    return admission


def _by(request: web.Request, admission: Admission) -> By:
    return By(who=admission.key_id, request_id=request[CALL].id)


ROUTES = [
    web.get("/api/v1/user/keys", behind_gate(list_keys)),
    web.post("/api/v1/user/keys", behind_gate(issue_key)),
    web.post("/api/v1/user/keys/{id}/rotate", behind_gate(rotate_key)),
    web.patch("/api/v1/user/keys/{id}", behind_gate(edit_key)),
    web.delete("/api/v1/user/keys/{id}", behind_gate(revoke_key)),
]
