"""One attempt: a message signed and posted to its receiver, and what came of it."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorSSLError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)
from standardwebhooks import Webhook

from crawler.jobs.webhooks.addresses import CheckedResolver, WebhookRefusedError, read_address
from crawler.jobs.webhooks.states import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from yarl import URL

    from crawler.jobs.webhooks.addresses import Addresses

ANSWER_S = 15.0
"""How long a receiver has to answer."""
_MOST_READ = 4096
_MOST_KEPT = 500
_LONGEST_WAIT_S = 24 * 3600
_USER_AGENT = "TikTok-Video-Intelligence-Webhooks/1.0"
_TLS_ERRORS = (ClientConnectorCertificateError, ClientConnectorSSLError, ssl.SSLError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of sending a message once."""

    at: datetime
    duration_ms: int
    status: int | None = None
    """The receiver's HTTP status, if it answered."""
    error: Failure | None = None
    """None when it succeeded."""
    response: str = ""
    """The start of the receiver's answer."""
    retry_after_s: float | None = None
    """How long the receiver asks to wait."""


class Poster:
    """Posts messages; one for each process. It follows no redirect and uses no proxy."""

    def __init__(
        self,
        addresses: Addresses,
        *,
        tls: ssl.SSLContext | None = None,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._answer_s = answer_s
        self._session = ClientSession(
            connector=TCPConnector(
                limit=0,
                force_close=True,
                use_dns_cache=False,
                resolver=CheckedResolver(addresses),
                socket_factory=addresses.open_socket,
                ssl=tls or True,
            ),
            timeout=ClientTimeout(total=answer_s),
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def post(
        self, url: str, body: str, *, message_id: str, secrets: Sequence[str]
    ) -> Attempt:
        """Send a message once; whatever goes wrong is in the attempt."""
        at, began = datetime.now(UTC), monotonic()
        status, error, response, retry_after_s = None, None, "", None
        try:
            headers = signed_headers(body, message_id=message_id, secrets=secrets, at=at)
            status, response, retry_after_s = await self._ask(read_address(url), body, headers)
            error = None if 200 <= status < 300 else Failure.STATUS
        except (ClientError, TimeoutError, OSError, ValueError) as caught:
            error = _failure(caught)
        return Attempt(
            at=at,
            duration_ms=round((monotonic() - began) * 1000),
            status=status,
            error=error,
            response=response,
            retry_after_s=retry_after_s,
        )

    async def _ask(
        self, url: URL, body: str, headers: dict[str, str]
    ) -> tuple[int, str, float | None]:
        async with self._session.post(
            url, data=body.encode(), headers=headers, allow_redirects=False
        ) as response:
            return response.status, await _start_of(response), _retry_after(response)


def signed_headers(
    body: str, *, message_id: str, secrets: Sequence[str], at: datetime
) -> dict[str, str]:
    """The headers that Standard Webhooks asks for, with a signature by each secret."""
    signatures = [Webhook(secret).sign(message_id, at, body) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": _USER_AGENT,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


async def _start_of(response: ClientResponse) -> str:
    """The start of an answer, as far as it comes; the status has decided by now."""
    read = b""
    try:
        while len(read) < _MOST_READ:
            chunk = await response.content.read(_MOST_READ - len(read))
            if not chunk:
                break
            read += chunk
    except (ClientError, TimeoutError, OSError):
        pass
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return ""
    text = read.decode(errors="replace")
    return "".join(one if one.isprintable() else " " for one in text)[:_MOST_KEPT]


def _retry_after(response: ClientResponse) -> float | None:
    """The seconds that an answer asks to wait; a date is not read."""
    value = response.headers.get("Retry-After", "").strip()
    if not (value.isascii() and value.isdigit()) or len(value) > 9:
        return None
    return float(min(int(value), _LONGEST_WAIT_S))


def _failure(error: BaseException) -> Failure:
    causes = [error, error.__cause__, error.__context__, getattr(error, "os_error", None)]
    if any(isinstance(one, WebhookRefusedError) for one in causes):
        return Failure.REFUSED
    if isinstance(error, _TLS_ERRORS):
        return Failure.TLS
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return Failure.TIMEOUT
    return Failure.CONNECTION
