"""What no unknown parameter may hold: operators of the database, control characters.

Known ones are refused by their own fields: what should be text is never an object. The rest is
ignored, but who tries an operator or a null byte there means no good, and is told so.
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


def check_body(data: Mapping[str, Any], known: KeysView[str]) -> None:
    """Refuse fields that no client of ours sends, among those that the schema does not know.

    The others are their fields' own business: these say what is wrong in words of their own.

    Raises:
        ApiError: there is a wrong name or text, at whatever depth.
    """
    if data.keys() <= known:
        return
    check_names(data)
    waiting = [(name, value) for name, value in data.items() if name not in known]
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
