"""What no parameter may hold, known or not: operators of the database, control characters.

Nothing of ours takes a caller's word for more than text. This keeps it so for endpoints to come,
and says no to who tries.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from api.errors import INVALID_PARAMETER, ApiError

if TYPE_CHECKING:
    from collections.abc import Collection, KeysView, Mapping

_NAME = re.compile(r"[$.\x00-\x1f\x7f]")
_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Share texts may have tabs and more than one line."""
_LONGEST_NAMED = 40
_DOLLAR, _BACKSLASH = b"$\\"
"""JSON writes a control character with a backslash."""


def check_body(data: Mapping[str, Any], body: bytes, known: KeysView[str]) -> None:
    """Refuse a JSON object with a name or a text that no client of ours sends.

    Most bodies have known names alone, no dollar and no backslash: they are not walked.

    Raises:
        ApiError: there is one, at whatever depth.
    """
    if data.keys() <= known and _BACKSLASH not in body and _DOLLAR not in body:
        return
    check_names(data)
    waiting = list(data.items())
    while waiting:
        name, one = waiting.pop()
        if isinstance(one, dict):
            check_names(one)
            waiting.extend((name, below) for below in one.values())
        elif isinstance(one, list):
            waiting.extend((name, below) for below in one)
        elif isinstance(one, str):
            _check_text(name, one)


def check_words(words: Mapping[str, str]) -> None:
    """Refuse parameters of a query or a path with such a name or text.

    Raises:
        ApiError: there is one.
    """
    check_names(words)
    for name, word in words.items():
        _check_text(name, word)


def check_names(names: Collection[str]) -> None:
    """Refuse names that would be operators or paths to the database.

    Raises:
        ApiError: there is one.
    """
    if any(map(_NAME.search, names)):
        raise ApiError(
            INVALID_PARAMETER,
            detail="The name of a parameter must not contain '$', '.' or a control character",
        )


def _check_text(name: str, text: str) -> None:
    if _TEXT.search(text):
        raise ApiError(
            INVALID_PARAMETER,
            detail=f"The parameter '{name[:_LONGEST_NAMED]}' must not contain control characters",
        )
