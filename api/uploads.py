"""Files as requests bring them, alone or in a form, and the words that go with them."""

from __future__ import annotations

import asyncio
from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import hdrs
from marshmallow import fields
from multidict import MultiDict

from api.errors import INVALID_PARAMETER, ApiError
from api.guard import check_words
from api.schemas.quick import Flag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from marshmallow import Schema
    from multidict import MultiMapping

FILE = "targets"
"""The parameter that a file is, and the field of a form that has it."""
_FLAGS = {"true": True, "false": False}
_MOST_DIGITS = 9


class Upload(NamedTuple):
    """What a request brings that is not JSON."""

    file: bytes | None
    words: MultiMapping[str]


async def read_upload(headers: Mapping[str, str], body: bytes) -> Upload | None:
    """The file or form that a body is; None when it is neither.

    Raises:
        ApiError: the form cannot be read.
    """
    content_type = headers.get(hdrs.CONTENT_TYPE, "")
    match content_type.partition(";")[0].strip().lower():
        case "text/csv":
            return Upload(body, MultiDict())
        case "multipart/form-data":
            # Megabytes take a quarter of a second, in which others are answered.
            return await asyncio.to_thread(_read_form, content_type, body)
        case _:
            return None


def read_words(words: MultiMapping[str], schema: Schema) -> dict[str, Any]:
    """What a query or form says of a schema's fields, as JSON would have it.

    What cannot be said in JSON stays a word, and the field says what is wrong with it.

    Raises:
        ApiError: a word cannot be one of a request.
    """
    check_words(words)
    return {
        name: _value(field, words.getall(name))
        for name, field in schema.fields.items()
        if name in words and name != FILE
    }


def _value(field: fields.Field[Any], words: list[str]) -> Any:
    word = words[-1]
    match field:
        case fields.List():
            return words
        case Flag():
            return _FLAGS.get(word, word)
        case fields.Integer() if word.isascii() and word.isdigit() and len(word) <= _MOST_DIGITS:
            return int(word)
        case _:
            return word


def _read_form(content_type: str, body: bytes) -> Upload:
    head = f"{hdrs.CONTENT_TYPE}: {content_type}\r\n\r\n".encode()
    form = BytesParser(policy=HTTP).parsebytes(head + body)
    file, words = None, MultiDict[str]()
    for part in form.iter_parts() if form.is_multipart() else ():
        name = part.get_param("name", header=hdrs.CONTENT_DISPOSITION)
        payload = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(payload, bytes):
            raise _unreadable()
        if name == FILE:
            file = payload
        else:
            words.add(name, _decoded(payload))
    if form.defects or (file is None and not words):
        raise _unreadable()
    return Upload(file, words)


def _decoded(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise _unreadable() from None


def _unreadable() -> ApiError:
    return ApiError(INVALID_PARAMETER, detail="The body is not a valid form")
