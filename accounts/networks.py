"""Networks that a key may be used from."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from accounts.errors import AccountsError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_NETWORKS = 50
_MAPPED = IPv6Network("::ffff:0:0/96")
_MAPPED_BITS = 96
_LONGEST = 64


def network(text: str) -> str:
    """An address or network in its usual form; IPv4 written as IPv6 is IPv4.

    Raises:
        AccountsError: it is neither.
    """
    try:
        found = ip_network(text.strip(), strict=False)
    except ValueError:
        raise AccountsError(
            f"{text[:_LONGEST]!r} is no network: expected an address such as 203.0.113.7 or"
            " 2001:db8::/32"
        ) from None
    if isinstance(found, IPv6Network) and found.subnet_of(_MAPPED):
        mapped = found.network_address.ipv4_mapped
        return str(IPv4Network((int(mapped or 0), found.prefixlen - _MAPPED_BITS)))
    return str(found)


def networks(texts: Iterable[str]) -> tuple[str, ...]:
    """Networks in their usual form, each once.

    Raises:
        AccountsError: one is none, or they are more than :data:`MAX_NETWORKS`.
    """
    found = tuple(dict.fromkeys(network(text) for text in texts))
    if len(found) > MAX_NETWORKS:
        raise AccountsError(f"a key has {MAX_NETWORKS} networks at most, not {len(found)}")
    return found


def are_open_to(allow: Iterable[str], address: str | None) -> bool:
    """Whether an address lies in one of the networks; none lies nowhere."""
    try:
        caller = ip_address(address or "")
    except ValueError:
        return False
    if isinstance(caller, IPv6Address) and caller.ipv4_mapped is not None:
        caller = caller.ipv4_mapped
    return any(caller in _parsed(one) for one in allow)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text)
