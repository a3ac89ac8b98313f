"""Which addresses are the public internet's; whatever leads inwards, by whatever way, is not."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_UNICAST = IPv6Network("2000::/3")
"""All that is given out of IPv6. Beyond it lie, among others, loopback, link-local and unique
local addresses, multicast, and IPv4 in the clothes of IPv6: mapped (``::ffff:0:0/96``), compatible
(``::/96``) and translated by NAT64 (``64:ff9b::/96``, ``64:ff9b:1::/48``)."""
_NOT_PUBLIC_6 = tuple(
    IPv6Network(one)
    for one in (
        "2001::/23",  # protocols' own, Teredo among them, whose addresses hold an IPv4 one
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, whose addresses hold an IPv4 one
        "3fff::/20",  # documentation
    )
)
_NOT_PUBLIC_4 = tuple(
    IPv4Network(one)
    for one in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet's; what is none is not.

    What Python calls global includes multicast and addresses that hold another one (NAT64, 6to4,
    IPv4-compatible), which a gateway may carry into a private network.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _NOT_PUBLIC_4)
    return _is_public_6(found)


def _is_public_6(address: IPv6Address) -> bool:
    if address.scope_id is not None or address not in _UNICAST:
        return False
    return not any(address in network for network in _NOT_PUBLIC_6)
