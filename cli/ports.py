"""Ports of this machine, and whether somebody answers there."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from services.errors import ServiceError

if TYPE_CHECKING:
    from settings.env import Environment

_LOCAL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked up, not bound


def check_port(environment: Environment) -> None:
    """Make sure that the API can listen where it is told to.

    Raises:
        ServiceError: it cannot; the text says what to set.
    """
    host, port = environment.api_host, environment.api_port
    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise ServiceError(
            f"cannot listen on {host}:{port} ({error.strerror}): set API_PORT or API_HOST"
        ) from None


def free_port() -> int:
    """A port that nobody uses on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def local_address(environment: Environment) -> str:
    """Where the API is reached from this machine."""
    host = _LOCAL.get(environment.api_host, environment.api_host)
    scheme = "http" if environment.tls_cert_file is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{environment.api_port}"


def read(url: str) -> bytes:
    """What one of our own processes answers."""
    # Our own processes on this machine, whose certificate names another host.
    context = ssl._create_unverified_context() if url.startswith("https:") else None  # noqa: S323
    with urlopen(url, timeout=2, context=context) as response:  # noqa: S310
        return bytes(response.read())


def answers(url: str) -> bool:
    """Whether a process of ours answers well there."""
    try:
        read(url)
    except (URLError, OSError):
        return False
    return True
