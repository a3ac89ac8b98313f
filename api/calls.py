"""One call of the API: who calls, since when, under which id."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web

if TYPE_CHECKING:
    from settings.plans import PlanName


class Standing(Protocol):
    """How an account stands with its rate and its month."""

    @property
    def plan(self) -> PlanName:
        """The account's plan."""

    @property
    def limit(self) -> int:
        """Requests a minute."""

    @property
    def remaining(self) -> int:
        """How many of them are left."""

    @property
    def reset_at(self) -> int:
        """Unix seconds at which the oldest counted request is forgotten."""

    @property
    def reset_after_s(self) -> int:
        """Seconds until then."""

    @property
    def requests_remaining(self) -> int:
        """What is left of the month."""


@dataclass(slots=True)
class Call:
    """What is known of a request beside its body."""

    id: str
    """``req_…``: in the answer, in every log line, and what its charge is idempotent by."""
    started: float
    """When the request was read, by the monotonic clock."""
    key_digest: str = ""
    """SHA-256 of the API key, or a subscriber's name; empty on endpoints that need none."""
    address: str | None = None
    """Where the caller is, past trusted proxies."""
    standing: Standing | None = None
    """The account's numbers, once the key proved valid."""

    @property
    def elapsed_ms(self) -> int:
        """Whole milliseconds since the request was read."""
        return int((monotonic() - self.started) * 1000)


CALL = web.RequestKey("call", Call)
DATA = web.RequestKey("data", dict[str, Any])
