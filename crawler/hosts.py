"""Where media may be fetched from, whatever a stored address or a redirect says."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from services.networks import is_public

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from aiohttp import ClientResponse

_HOPS = 4
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class HostRefusedError(OSError):
    """Media are not fetched from there."""


class Hosts:
    """The allow-list: suffixes of names, and single servers as ``host:port``."""

    def __init__(self, allowed: Iterable[str]) -> None:
        allowed = [word.lower() for word in allowed]
        self._servers = frozenset(word for word in allowed if ":" in word)
        self._suffixes = tuple(
            word if word.startswith(".") else f".{word}" for word in allowed if ":" not in word
        )

    def names(self, host: str, port: int | None) -> bool:
        """Whether the operator named this very server."""
        return f"{host}:{port}".lower() in self._servers

    def check(self, address: str) -> URL:
        """The address, when media may be fetched from it.

        Raises:
            HostRefusedError: its scheme, host or port is not allowed.
        """
        url = URL(address, encoded=True)
        host = (url.host or "").lower()
        if self.names(host, url.port) and url.scheme in {"http", "https"}:
            return url
        is_usual = url.scheme == "https" and url.port == 443 and url.user is None
        if is_usual and not _is_literal(host) and f".{host}".endswith(self._suffixes):
            return url
        raise HostRefusedError(f"media are not fetched from {host or 'nowhere'}")

    async def follow(
        self, address: str, ask: Callable[[URL], Awaitable[ClientResponse]]
    ) -> ClientResponse:
        """The answer at the end of all redirects, each of which is checked before it is asked.

        Raises:
            HostRefusedError: an address on the way is not allowed.
            ValueError: an address is none, or they lead on and on.
        """
        url = self.check(address)
        for _ in range(_HOPS):
            response = await ask(url)
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or location is None:
                return response
            response.close()
            url = self.check(str(url.join(URL(location, encoded=True))))
        raise ValueError("the file is redirected in circles")


class GuardedResolver(AbstractResolver):
    """Refuses names that lead into a private network, unless the operator named the server."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The public addresses of the name."""
        found = await self._resolver.resolve(host, port, family)
        if self._hosts.names(host, port):
            return found
        public = [one for one in found if is_public(one["host"])]
        if not public:
            raise HostRefusedError(f"{host} has no public address")
        return public

    async def close(self) -> None:
        """Nothing is held."""


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
