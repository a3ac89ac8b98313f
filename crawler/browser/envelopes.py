"""What one response of a list says: items, that there are more, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawler.codes import read_status, reason_of
from crawler.errors import Reason
from crawler.jobs.lists import StopReason
from crawler.scripts import parse
from crawler.walls import Verdict, verdict_of

if TYPE_CHECKING:
    from crawler.browser.endpoints import Call
    from crawler.browser.found import Found

_HAS_MORE = ("hasMore", "has_more", "hasMorePrevious")
_WALLS = {
    Reason.CAPTCHA: StopReason.CAPTCHA,
    Reason.LOGIN_REQUIRED: StopReason.LOGIN_WALL,
}
_REFUSED = frozenset({403, 429})


@dataclass(slots=True, kw_only=True)
class Answer:
    """A response, read."""

    call: Call | None = None
    """What it answers; None for a wall that the page itself put up."""
    found: list[Found] = field(default_factory=list)
    has_more: bool = True
    total: int | None = None
    """How many items there are in all, when it says so."""
    header: dict[str, Any] | None = None
    """What it says of the target itself."""
    reason: Reason | None = None
    """Why it holds nothing; None when it is in order, even with an empty list."""
    message: str = ""
    """What TikTok said itself."""

    @property
    def wall(self) -> StopReason | None:
        """The wall that ends the list at once, if it is one."""
        return _WALLS.get(self.reason) if self.reason else None


def wall(reason: Reason) -> Answer:
    """What a page that puts up a wall by itself amounts to."""
    return Answer(reason=reason)


def read_answer(call: Call, body: bytes | None, *, status: int = 200) -> Answer:
    """Read a response; never raises. ``body`` is None when it did not come whole."""
    if body is None or status >= 500:
        return Answer(call=call, reason=Reason.UPSTREAM_ERROR, message=f"HTTP {status}")
    if status in _REFUSED:
        return Answer(call=call, reason=Reason.UPSTREAM_BLOCKED, message=f"HTTP {status}")
    if not body.strip():
        return Answer(call=call, reason=Reason.EMPTY_BODY)
    data = parse(body)
    if data is None:
        return Answer(call=call, reason=_unreadable(body))
    if data.get("type") == "verify":
        return Answer(call=call, reason=Reason.CAPTCHA)
    return _read_data(call, data)


def _unreadable(body: bytes) -> Reason:
    is_captcha = verdict_of(body, status=200, url="") is Verdict.CAPTCHA
    return Reason.CAPTCHA if is_captcha else Reason.UPSTREAM_ERROR


def _read_data(call: Call, data: dict[str, Any]) -> Answer:
    code, message = read_status(data)
    reason = reason_of(code, message)
    if reason is not None:
        return Answer(call=call, reason=reason, message=f"{code} {message}".strip())
    if call.endpoint.is_header:
        header = data.get(call.endpoint.name)
        return Answer(call=call, header=data if isinstance(header, dict) else None)
    total = data.get("total")
    return Answer(
        call=call,
        found=call.endpoint.read(data.get(call.endpoint.name)),
        has_more=any(bool(data[name]) for name in _HAS_MORE if name in data),
        total=total if isinstance(total, int) and not isinstance(total, bool) else None,
    )
