"""Values as they stand in an address."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import fields

from api.schemas.quick import Seconds

_DIGITS = re.compile(r"[0-9]{1,9}")


class SecondsInQuery(Seconds):
    """Seconds, in decimal digits."""

    def _deserialize(self, value: Any, *more: Any, **options: Any) -> int:
        is_number = isinstance(value, str) and _DIGITS.fullmatch(value)
        return super()._deserialize(int(value) if is_number else value, *more, **options)


class FlagInQuery(fields.Boolean):
    """Exactly ``true`` or ``false``."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if value in {"true", "false"}:
            return bool(value == "true")
        raise self.make_error("invalid")
