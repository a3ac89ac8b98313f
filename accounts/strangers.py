"""Keys that Redis does not know: few of them from one address may be looked for in MongoDB.

A call is counted before MongoDB is asked, so that many at once gain nothing, and forgiven when its
key proves valid. A key that was valid within a day is not counted at all: others who share its
address cannot lock it out.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from accounts.errors import TooManyStrangersError
from services.scripts import Script

if TYPE_CHECKING:
    from services.wire import Wire

FAILURES_A_MINUTE = 60
"""Calls with unknown keys that an address has; of IPv6 the /64 that it lies in."""

_WINDOW_S = 60
_REMEMBERED_S = 24 * 3600
_LONGEST = 64
_stranger, _welcome = (
    Script(Path(__file__).with_name(f"{name}.lua")) for name in ("stranger", "welcome")
)


class Strangers:
    """Counts unknown keys by the address of their callers."""

    def __init__(self, wire: Wire, *, window_s: float = _WINDOW_S) -> None:
        self._wire = wire
        self._window_ms = int(window_s * 1000)

    async def count(self, address: str | None, key_digest: str) -> bool:
        """Count a call, and answer whether it was counted.

        Raises:
            TooManyStrangersError: the address had its calls.
        """
        wait_ms, is_counted = await self._wire.run(
            _stranger, _keys(address, key_digest), [FAILURES_A_MINUTE, self._window_ms]
        )
        if wait_ms:
            raise TooManyStrangersError(
                maximum=FAILURES_A_MINUTE, retry_after_s=ceil(wait_ms / 1000)
            )
        return bool(is_counted)

    async def welcome(self, address: str | None, key_digest: str, *, is_counted: bool) -> None:
        """The key is valid."""
        await self._wire.run(_welcome, _keys(address, key_digest), [_REMEMBERED_S, int(is_counted)])

    async def turn_away(self, key_digest: str) -> None:
        """The key is not valid, whatever it was."""
        await self._wire.call("DEL", _mark(key_digest))


def place_of(address: str | None) -> str:
    """What of an address is counted together: an IPv4 address, or an IPv6 network of one site."""
    try:
        caller = ip_address(address or "")
    except ValueError:
        return (address or "nowhere")[:_LONGEST]
    if not isinstance(caller, IPv6Address):
        return str(caller)
    if caller.ipv4_mapped is not None:
        return str(caller.ipv4_mapped)
    return str(ip_network(f"{caller.packed[:8].hex(':', 2)}::/64"))


def _keys(address: str | None, key_digest: str) -> list[str]:
    return [f"strangers:{place_of(address)}", _mark(key_digest)]


def _mark(key_digest: str) -> str:
    return f"known:{key_digest}"
