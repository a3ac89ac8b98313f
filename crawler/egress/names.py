"""What an egress is called: names for Redis, documents and metrics that hold no secret."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

DIRECT = "direct"
"""The egress of those who have no proxy."""
_PORTS = {"http": 80, "https": 443}
_MARK = 8


def egresses_of(proxy_urls: Sequence[str]) -> dict[str, str | None]:
    """Every egress by its name, with its proxy; one without a proxy when none is given.

    A name is ``host:port``, with a digest of the user's name where there is one. The password is
    no part of it, so a name outlives a new password; a further proxy that differs from another by
    its password alone is told apart by its place.
    """
    named: dict[str, str | None] = {}
    for address in dict.fromkeys(proxy_urls):
        name = base = _name(address)
        place = 1
        while name in named:
            place += 1
            name = f"{base}.{place}"
        named[name] = address
    return named or {DIRECT: None}


def proxy_of(name: str | None, proxy_urls: Sequence[str]) -> str | None:
    """The proxy through which to fetch what an egress of that name was given; None for none.

    Media addresses are best asked for the way their page was. When that egress is gone, the first
    one takes its place.
    """
    egresses = egresses_of(proxy_urls)
    return egresses.get(name or "", next(iter(egresses.values())))


def _name(address: str) -> str:
    parts = urlsplit(address)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    name = f"{host}:{parts.port or _PORTS[parts.scheme]}"
    if not parts.username:
        return name
    return f"{name}-{sha256(parts.username.encode()).hexdigest()[:_MARK]}"
