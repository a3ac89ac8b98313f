"""Reading requests quickly: valid input takes a short way, all else marshmallow's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields, validate

if TYPE_CHECKING:
    from enum import StrEnum


class Flag(fields.Boolean):
    """Exactly ``true`` or ``false``: no words, no numbers that stand for them."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if value is True or value is False:
            return bool(value)
        raise self.make_error("invalid")


class Seconds(fields.Integer):
    """A whole number of seconds, from 0 to what ``maximum`` says; null is as good as nothing."""

    def __init__(self, *, maximum: int, **options: Any) -> None:
        within = validate.Range(0, maximum)
        super().__init__(allow_none=True, load_default=None, validate=within, **options)
        self._maximum = maximum

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if type(value) is int and 0 <= value <= self._maximum:
            return value
        raise self.make_error("invalid")


class Word(fields.String):
    """One of a few words; null is as good as nothing."""

    def __init__(self, words: type[StrEnum], **options: Any) -> None:
        one_of = validate.OneOf([*words, None])
        super().__init__(allow_none=True, load_default=None, validate=one_of, **options)
        self._words = words

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> StrEnum:
        try:
            return self._words(value)
        except (TypeError, ValueError):
            raise self.make_error("invalid") from None


class Words(fields.List[str]):
    """A list of strings, from 1 to what ``maximum`` says; what is wrong is said of all of it."""

    def __init__(self, *, maximum: int, **options: Any) -> None:
        super().__init__(fields.String(), validate=validate.Length(1, maximum), **options)
        self._maximum = maximum

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> list[Any]:
        is_list = type(value) is list and 1 <= len(value) <= self._maximum
        if is_list and all(type(one) is str for one in value):
            return list(value)
        raise self.make_error("invalid")


class _Never:
    """What no value is: a field of this kind is always left to marshmallow."""


_KINDS: dict[type[Any], type[Any]] = {
    fields.String: str,
    Flag: bool,
    Seconds: type(None),  # a number that is given is left to marshmallow
    Word: type(None),  # so is a word
    Words: _Never,
}


class QuickSchema(Schema):
    """A schema of few kinds of fields that ignores what it does not know.

    An object whose every field has exactly the right type is read at once; anything else goes
    through marshmallow, which says what is wrong with it. Both give the same for the same input.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._plan = [
            (name, _KINDS[type(field)], field.load_default) for name, field in self.fields.items()
        ]

    def load(self, data: Any, **options: Any) -> Any:
        """Read a request's object.

        Raises:
            ValidationError: it is not what the schema says.
        """
        loaded = {}
        for name, kind, default in self._plan:
            value = data.get(name, default)
            if type(value) is not kind:
                return super().load(data, **options)
            loaded[name] = value
        return loaded
