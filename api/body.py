"""Reading a request's body: JSON whatever its Content-Type says, with our own errors."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NoReturn

import orjson
from aiohttp import web
from marshmallow import ValidationError
from webargs.aiohttpparser import AIOHTTPParser
from webargs.core import missing

from api.errors import INVALID_PARAMETER, MISSING_PARAMETER, TOO_LARGE, ApiError
from api.guard import check_body, check_words
from api.uploads import FILE, read_upload, read_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from marshmallow import Schema

MAX_BYTES = 64 * 1024
ARRIVAL_S = 10.0
"""How long a body may take to arrive."""


class BodyParser(AIOHTTPParser):
    """What the validation middleware reads requests with.

    PHP's and the shell's curl label JSON as a form unless told otherwise, so the label is not
    believed.
    """

    async def parse(
        self, argmap: Any, req: Any = None, *, location: str | None = None, **options: Any
    ) -> Any:
        """What the schema makes of the request; a body skips the package's general way."""
        if location != "json":
            read = await super().parse(argmap, req, location=location, **options)
            check_words(req.query)
            return read
        data = await self.load_json(req, argmap)
        try:
            return argmap.load({} if data is missing else data)
        except ValidationError as error:
            raise _refusal(error.messages_dict, argmap) from None

    async def load_json(self, req: web.Request, schema: Schema) -> Any:
        """The body's object; ``missing`` when there is no body.

        A schema that takes more than :data:`MAX_BYTES` says so in its ``max_bytes``. One that
        ``takes_files`` takes a file of CSV too, and what goes with it in the query; so it takes
        that from the query of any request, for nothing there is to be passed over in silence.
        """
        if limit := getattr(schema, "max_bytes", 0):
            req._client_max_size = limit
        body = await read_whole(req)
        if getattr(schema, "takes_files", False):
            return await _with_words(req, body, schema)
        return _object(body, schema) if body else missing

    def handle_error(self, error: ValidationError, req: Any, schema: Schema, **_: Any) -> NoReturn:
        """Refuse what does not fit the schema."""
        (problems,) = error.messages_dict.values()
        raise _refusal(problems, schema) from None


def _object(body: bytes, schema: Schema) -> dict[str, Any]:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ApiError(INVALID_PARAMETER, detail="The body is not valid JSON") from None
    if not isinstance(data, dict):
        raise ApiError(INVALID_PARAMETER, detail="The body must be a JSON object")
    check_body(data, schema.fields.keys())
    return data


async def _with_words(request: web.Request, body: bytes, schema: Schema) -> dict[str, Any]:
    """The fields of a body in whatever form, beside what the query says."""
    words = read_words(request.query, schema)
    upload = await read_upload(request.headers, body)
    if upload is None:
        return {**words, **_object(body, schema)} if body else words
    file = {} if upload.file is None else {FILE: upload.file}
    return {**words, **read_words(upload.words, schema), **file}


async def read_whole(request: web.Request) -> bytes:
    """A request's body; the same again for who asks again.

    Raises:
        ApiError: it is too large, cannot be decoded, or does not arrive in time.
    """
    try:
        return await _read(request)
    except web.HTTPRequestEntityTooLarge:
        raise ApiError(TOO_LARGE) from None
    except (web.RequestPayloadError, ConnectionResetError):
        raise ApiError(INVALID_PARAMETER, detail="The body cannot be decoded") from None
    except TimeoutError:
        raise ApiError(INVALID_PARAMETER, detail="The body did not arrive in time") from None


async def _read(request: web.Request) -> bytes:
    if request.content.is_eof():
        return await request.read()
    announced, most = request.content_length or 0, request._client_max_size
    if announced > most:
        raise web.HTTPRequestEntityTooLarge(most, announced)
    async with asyncio.timeout(ARRIVAL_S):
        return await request.read()


def _refusal(problems: Mapping[str, list[str]], schema: Schema) -> ApiError:
    """The error that names the first wrong parameter, in the schema's order."""
    named = {field.data_key or name: field for name, field in schema.fields.items()}
    name = next(name for name in named if name in problems)
    message = problems[name][0]
    is_missing = message == named[name].error_messages["required"]
    problem = MISSING_PARAMETER if is_missing else INVALID_PARAMETER
    return ApiError(problem, detail=f"The parameter '{name}' {message}")
