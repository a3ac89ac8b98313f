"""Where webhooks may go: the public internet, and networks that the operator names."""

from __future__ import annotations

import asyncio
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from services.networks import is_public

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Network, IPv6Network

LONGEST = 2000
LOOKUP_S = 5.0
_LOOKUPS_AT_ONCE = 8
_WORD = re.compile(r"[!-~\u00a1-\U0010ffff]+")
_WEB = frozenset({80, 443})
_FIRST_FREE_PORT = 1024


class WebhookRefusedError(OSError):
    """A webhook does not go there; the text says why, to be read after the parameter's name."""


class Addresses:
    """Checks addresses of webhooks, when they are saved and whenever they are sent to."""

    def __init__(self, allow: Iterable[IPv4Network | IPv6Network] = ()) -> None:
        self._allow = tuple(allow)
        # A caller's slow name server holds up no lookups but these.
        self._threads = ThreadPoolExecutor(_LOOKUPS_AT_ONCE, "webhook-lookup")

    async def check(self, address: str) -> None:
        """Refuse an address where a webhook cannot or must not go now.

        Raises:
            WebhookRefusedError: it is no address for a webhook, its host has none, or one that is
                not public.
        """
        url = read_address(address)
        await self.lookup(url.raw_host or "", url.port or 0)

    async def lookup(self, host: str, port: int) -> list[ResolveResult]:
        """Every IP address of a host, of which none is where a webhook must not go.

        Raises:
            WebhookRefusedError: there are none, or one of them is not public.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(LOOKUP_S):
                found = await loop.run_in_executor(self._threads, _look_up, host, port)
        except (OSError, UnicodeError, TimeoutError):
            raise WebhookRefusedError(f"must have a host that is known: {host} is not") from None
        for one in found:
            self.check_ip(one["host"], host)
        return found

    def check_ip(self, ip: str, host: str) -> None:
        """Refuse an IP address that is neither public nor allowed.

        Raises:
            WebhookRefusedError: it is.
        """
        if not is_public(ip) and not self._is_allowed(ip):
            raise WebhookRefusedError(
                f"must lead to the public internet: {host} leads to a private or reserved network"
            )

    def open_socket(self, info: tuple[Any, ...]) -> socket.socket:
        """A socket for an address that is about to be connected to, checked once more.

        Here every connection comes by, those to a literal IP address too.

        Raises:
            WebhookRefusedError: the address is not allowed.
        """
        family, kind, protocol, _, (ip, *_) = info
        self.check_ip(ip, ip)
        return socket.socket(family, kind, protocol)

    def close(self) -> None:
        """End the threads that look names up."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _is_allowed(self, ip: str) -> bool:
        try:
            found = ip_address(ip)
        except ValueError:
            return False
        return any(found in network for network in self._allow)


class CheckedResolver(AbstractResolver):
    """Looks names up for aiohttp, which connects to the very addresses that were checked."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The checked addresses of the host."""
        return await self._addresses.lookup(host, port)

    async def close(self) -> None:
        """Nothing is held."""


def read_address(address: str) -> URL:
    """An address for a webhook, by its looks.

    Raises:
        WebhookRefusedError: it is none.
    """
    if len(address) > LONGEST:
        raise WebhookRefusedError(f"must have {LONGEST} characters at most")
    try:
        url = URL(address)
        host, port = url.host, url.port
    except ValueError:
        host = port = None
    if not _WORD.fullmatch(address) or not host or url.scheme not in {"http", "https"}:
        raise WebhookRefusedError("must be an http:// or https:// address")
    if url.user is not None or url.password is not None:
        raise WebhookRefusedError("must not hold a user name or password")
    if url.fragment:
        raise WebhookRefusedError("must not hold a fragment (what follows '#')")
    if port not in _WEB and (port or 0) < _FIRST_FREE_PORT:
        raise WebhookRefusedError("must have the port 80, 443, or one from 1024 on")
    return url


def _look_up(host: str, port: int) -> list[ResolveResult]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if not found:
        raise OSError("no address")
    return [
        ResolveResult(
            hostname=host,
            host=str(where[0]),
            port=port,
            family=family,
            proto=protocol,
            flags=socket.AI_NUMERICHOST,
        )
        for family, _, protocol, _, where in found
        if family in {socket.AF_INET, socket.AF_INET6}
    ]
