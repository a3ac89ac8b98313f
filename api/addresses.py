"""Where a caller is, past the proxies that are trusted to say so."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Network, IPv6Network

    from aiohttp import web

    Networks = Sequence[IPv4Network | IPv6Network]


def caller_address(request: web.Request, trusted: Networks) -> str | None:
    """The nearest address that is not a trusted proxy's own; None on a unix socket.

    ``X-Forwarded-For`` is read from its end, and only as far as trusted proxies wrote it: what
    stands before that may be the caller's own invention.
    """
    address = request.remote or None
    if not trusted or address is None:
        return address
    hops = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")
    for hop in reversed([hop.strip() for hop in hops if hop.strip()]):
        if not is_within(address, tuple(trusted)):
            break
        address = hop
    return address


@lru_cache(maxsize=1024)
def is_within(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    """Whether an address, as it is written in a header, lies in one of the networks."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in networks)
