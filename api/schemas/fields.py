"""Fields of requests that say in one sentence what is wrong with them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from marshmallow import fields

from accounts.errors import AccountsError
from accounts.networks import MAX_NETWORKS, networks

_NETWORKS = (
    f"must be a list of at most {MAX_NETWORKS} addresses or networks such as 203.0.113.7 or"
    " 2001:db8::/32"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def said(message: str) -> dict[str, Any]:
    """One message for whatever is wrong with a field."""
    return dict.fromkeys(("invalid", "null", "validator_failed"), message)


def shown(kind: type[fields.Field[Any]], description: str, **options: Any) -> Any:
    """A field that an answer always has."""
    return kind(required=True, metadata={"description": description}, **options)


class Line(fields.String):
    """A text that matches a pattern as a whole."""

    def __init__(self, pattern: str, message: str, description: str, **options: Any) -> None:
        self._pattern = re.compile(pattern)
        super().__init__(
            error_messages=options.pop("error_messages", {}) | said(message),
            metadata={"description": description, "pattern": f"^{pattern}$"},
            **options,
        )

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(value, str) or not self._pattern.fullmatch(value):
            raise self.make_error("invalid")
        return value


class Networks(fields.List[str]):
    """Addresses and networks, in their usual form."""

    def __init__(self, description: str, **options: Any) -> None:
        super().__init__(
            fields.String(),
            error_messages=said(_NETWORKS),
            metadata={"description": description, "maxItems": MAX_NETWORKS},
            **options,
        )

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.make_error("invalid")
        try:
            return networks(value)
        except AccountsError:
            raise self.make_error("invalid") from None


class Moment(fields.DateTime):
    """A time, in UTC to the second; a date alone is its first second in UTC."""

    must_be = "must be a date, or a time with its offset from UTC, such as 2024-01-01T00:00:00Z"

    def __init__(self, description: str, **options: Any) -> None:
        super().__init__(
            error_messages=said(self.must_be), metadata={"description": description}, **options
        )

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None and _DATE.fullmatch(value):
                moment = moment.replace(tzinfo=UTC)
            if moment.tzinfo is None:
                raise self.make_error("invalid")
            return moment.astimezone(UTC).replace(microsecond=0)
        except (ValueError, OverflowError):
            raise self.make_error("invalid") from None


class FutureMoment(Moment):
    """A time to come."""

    must_be = "must be a time to come with its offset from UTC, such as 2030-01-01T00:00:00Z"

    def _deserialize(self, value: Any, *more: Any, **options: Any) -> Any:
        moment = super()._deserialize(value, *more, **options)
        if moment <= datetime.now(UTC):
            raise self.make_error("invalid")
        return moment


class Whole(fields.Integer):
    """A JSON number without a fraction; no text, no boolean."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if type(value) is not int:
            raise self.make_error("invalid")
        return value
