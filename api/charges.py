"""Charging one read: its cost is reserved, then charged by its answer's status or let go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from api.errors import OUR_FAULT, ApiError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from accounts.limits import Admission
    from api.admissions import Admissions
    from api.calls import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a read comes to."""

    body: dict[str, Any]
    is_cached: bool = False
    """Whether no crawl was needed."""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


async def charged(
    admissions: Admissions,
    call: Call,
    read: Callable[[Admission], Awaitable[Answer]],
    *,
    needs_country: bool = False,
) -> Answer:
    """The answer to a read, with what it cost: 200 and 404 cost one request, anything else nothing.

    Raises:
        ApiError: the call is not admitted, or ``read`` says that there is no answer.
    """
    admission = await admissions.admit(call, cost=1, needs_country=needs_country)

    async def settle(status: int, *, is_cached: bool = False) -> int:
        return await admissions.settle(
            call,
            admission,
            status=status,
            video_id=None,
            is_cached=is_cached,
            elapsed_ms=call.elapsed_ms,
        )

    try:
        answer = await read(admission)
    except ApiError as error:
        remaining = await settle(error.status)
        if error.status < 500:
            error.more["requests_remaining"] = remaining
        raise
    except Exception:
        await settle(ApiError(OUR_FAULT).status)
        raise
    remaining = await settle(answer.status, is_cached=answer.is_cached)
    body = {
        "success": True,
        **answer.body,
        "cached": answer.is_cached,
        "requests_remaining": remaining,
        "process_time_ms": call.elapsed_ms,
    }
    return replace(answer, body=body)
