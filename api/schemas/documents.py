"""Stored documents as answers show them, field by field as their dataclasses say."""

from __future__ import annotations

from dataclasses import is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from marshmallow import Schema, fields, validate

from pipelines.documents.comment import Comment
from pipelines.documents.hashtag import Hashtag
from pipelines.documents.music import Music
from pipelines.documents.public import names_of
from pipelines.documents.user import User

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN: dict[Any, type[fields.Field[Any]]] = {
    str: fields.String,
    int: fields.Integer,
    bool: fields.Boolean,
    datetime: fields.String,
}


def _schema(kind: Any, name: str, names: Mapping[str, str] | None = None) -> type[Schema]:
    """The schema of a dataclass, with its fields under these ``names`` of theirs."""
    hints = get_type_hints(kind, include_extras=True)
    shown = names or {one: one for one in hints}
    made = {shown[one]: _field(hint, name) for one, hint in hints.items() if one in shown}
    # The documentation names a schema by its class.
    return type(name, (Schema,), {**made, "__doc__": kind.__doc__, "__module__": __name__})


def _field(hint: Any, above: str) -> fields.Field[Any]:
    hint, sentence = get_args(hint)
    inner = [one for one in get_args(hint) if one is not type(None)]
    is_nullable = type(None) in get_args(hint)
    kind: Any = inner[0] if is_nullable else hint
    options: dict[str, Any] = {
        "required": True,
        "allow_none": is_nullable,
        "metadata": {"description": sentence},
    }
    if get_origin(kind) is list:
        (one,) = get_args(kind)
        return fields.List(_inner(one, above), **options)
    if get_origin(kind) is Literal:
        return fields.String(validate=validate.OneOf(get_args(kind)), **options)
    if is_dataclass(kind):
        return _nested(kind, above, **options)
    return _PLAIN[kind](**options)


def _inner(kind: Any, above: str) -> fields.Field[Any]:
    if is_dataclass(kind):
        return _nested(kind, above)
    return _PLAIN[kind]()


def _nested(kind: Any, above: str, **options: Any) -> fields.Field[Any]:
    return fields.Nested(_schema(kind, f"{above}{kind.__name__}"), **options)


UserShown = _schema(User, "UserShown", names_of(User))
HashtagShown = _schema(Hashtag, "HashtagShown", names_of(Hashtag))
MusicShown = _schema(Music, "MusicShown", names_of(Music))
CommentShown = _schema(Comment, "CommentShown", names_of(Comment))
