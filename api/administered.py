"""Describing an endpoint of the administration: as any other, behind another door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from api.documented import documented
from api.errors import NO_TOKEN, OUR_FAULT, RATE_EXCEEDED, UNAVAILABLE, WRONG_TOKEN, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from api.middlewares import Handler

    H = TypeVar("H", bound=Handler)

_PROBLEMS = (NO_TOKEN, WRONG_TOKEN, RATE_EXCEEDED, OUR_FAULT, UNAVAILABLE)
_CHALLENGE = {"WWW-Authenticate": {"type": "string", "description": "`Bearer`."}}
_WAIT = {"Retry-After": {"type": "integer", "description": "Seconds to wait."}}
_MORE = {"401": _CHALLENGE, "429": _WAIT, "503": _WAIT}


def administered(*, problems: Iterable[Problem] = (), **options: Any) -> Callable[[H], H]:
    """Say what an endpoint takes and answers, beside what the door itself answers."""

    def describe(handler: H) -> H:
        documented(
            tag="Administration", problems=(*problems, *_PROBLEMS), needs_key=False, **options
        )(handler)
        about: dict[str, Any] = handler.__apispec__  # type: ignore[attr-defined]
        about["security"] = [{"AdminToken": []}]
        for status, headers in _MORE.items():
            about["responses"][status]["headers"] |= headers
        return handler

    return describe
