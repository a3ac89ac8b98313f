"""Changes of accounts and keys as the API answers them."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from accounts import errors
from api.calls import DATA
from api.errors import (
    ACCOUNT_EXISTS,
    ACCOUNT_NOT_FOUND,
    INVALID_PARAMETER,
    KEY_CONFLICT,
    KEY_NOT_FOUND,
    MISSING_PARAMETER,
    TOO_MANY_KEYS,
    ApiError,
    moment,
    refusal,
)
from api.middlewares.envelope import JSON
from crawler.errors import Reason

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from accounts.key import Key
    from accounts.keys import Edit, Rotation

PATIENCE_S = 3.0
"""A change takes its time; giving up on it early would leave open whether it was made."""
_HEADERS = {"Content-Type": JSON, "Cache-Control": "no-store"}
_PROBLEMS = {
    errors.KeyNotFoundError: KEY_NOT_FOUND,
    errors.UnknownAccountError: ACCOUNT_NOT_FOUND,
    errors.AccountExistsError: ACCOUNT_EXISTS,
    errors.TooManyKeysError: TOO_MANY_KEYS,
    errors.KeyStateError: KEY_CONFLICT,
}


@contextlib.asynccontextmanager
async def changing(within_s: float = PATIENCE_S) -> AsyncIterator[None]:
    """Turn what accounts and keys refuse into the answer that says so."""
    try:
        async with asyncio.timeout(within_s):
            yield
    except errors.CursorError:
        wrong = "The parameter 'cursor' must be one that an earlier page gave"
        raise ApiError(INVALID_PARAMETER, detail=wrong) from None
    except (errors.TooManyKeysError, errors.KeyStateError) as error:
        raise ApiError(_PROBLEMS[type(error)], detail=sentence(error)) from None
    except errors.AccountsError as error:
        problem = _PROBLEMS.get(type(error))
        detail = None if problem else sentence(error)
        raise ApiError(problem or INVALID_PARAMETER, detail=detail) from None
    except (RedisError, PyMongoError, OSError) as error:
        raise refusal(Reason.STORAGE_UNAVAILABLE) from error


def respond(body: dict[str, Any], *, status: int = 200, is_told: bool = True) -> web.Response:
    """An answer that nobody keeps; 202 for a change that Redis does not know of yet."""
    return web.Response(
        status=status if is_told else 202, body=orjson.dumps(body), headers=_HEADERS
    )


def shown_key(key: Key, *, caller: str | None = None) -> dict[str, Any]:
    """A key as it is shown; ``caller`` is the id of the key that asks."""
    return {
        "id": key.id,
        "account_id": key.account_id,
        "begins": key.hint,
        "label": key.label,
        "status": key.status(datetime.now(UTC)).value,
        "allow": list(key.allow),
        "created_at": written(key.created_at),
        "expires_at": written(key.expires_at),
        "revoked_at": written(key.revoked_at),
        "last_used_at": written(key.last_used_at),
        "replaced_by": key.replaced_by,
        "current": key.id == caller,
    }


def answer_change(key: Key, *, caller: str | None = None) -> web.Response:
    """The answer to a change of a key."""
    body = {**shown_key(key, caller=caller), "effective": key.is_told}
    return respond(body, is_told=key.is_told)


def answer_issue(key: Key, secret: str) -> web.Response:
    """The answer to a new key, with its secret."""
    return respond({**shown_key(key), "key": secret}, status=201)


def answer_rotation(rotation: Rotation, *, caller: str | None = None) -> web.Response:
    """The answer to a key in another's place, with its secret."""
    body = {
        **shown_key(rotation.new),
        "key": rotation.secret,
        "replaces": shown_key(rotation.old, caller=caller),
        "effective": rotation.old.is_told,
    }
    return respond(body, status=201, is_told=rotation.old.is_told)


def written(at: datetime | None) -> str | None:
    """A time as the API writes it, or null."""
    return moment(at.timestamp()) if at else None


def wanted_edit(request: web.Request, **more: Any) -> Edit:
    """What a request wants changed of a key; ``more`` goes into the error's body.

    Raises:
        ApiError: nothing.
    """
    edit: Edit = request[DATA]  # type: ignore[assignment] # the schema has its keys
    if not edit:
        raise ApiError(MISSING_PARAMETER, detail="'label' or 'allow' is required", **more)
    return edit


def sentence(error: Exception) -> str:
    """What an error says, as a sentence begins."""
    text = str(error)
    return text[:1].upper() + text[1:]
