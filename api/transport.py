"""What holds for every answer whatever it says: its security headers, and HTTPS where required."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web
from multidict import CIMultiDict

from api import rates
from api.addresses import is_within
from api.calls import CALL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.middlewares import Handler
    from settings.env import Environment

_HOST = re.compile(r"(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.ASCII | re.IGNORECASE)
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    # The page of the documentation runs scripts and styles of its own; nothing comes from
    # elsewhere, and nothing goes there.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
}
_HSTS = {"Strict-Transport-Security": "max-age=31536000"}


def security_headers(environment: Environment) -> Mapping[str, str]:
    """The headers that each answer bears, unless a handler has set its own."""
    is_https = environment.require_https or environment.tls_cert_file is not None
    return CIMultiDict(_SECURITY | (_HSTS if is_https else {}))


def request_class(security: Mapping[str, str]) -> type[web.Request]:
    """Requests whose answers bear the security headers."""

    class Request(web.Request):
        async def _prepare_hook(self, response: web.StreamResponse) -> None:
            headers = response.headers
            headers.popall("Server", None)
            if CALL in self:  # else what is sent piece by piece would not be told apart
                rates.identify(headers, self[CALL])
            headers.merge(security)
            await super()._prepare_hook(response)

    return Request


def in_https(handler: Handler, environment: Environment) -> Handler:
    """Answer 308 to what a trusted proxy received as plain HTTP, where HTTPS is required."""
    trusted = environment.trusted_proxies
    if not environment.require_https or not trusted:
        return handler
    own_host = urlsplit(environment.public_address).netloc

    async def handle(request: web.Request) -> web.StreamResponse:
        scheme = request.headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip().lower()
        if scheme != "http" or not is_within(request.remote or "", trusted):
            return await handler(request)
        host = request.host if _HOST.fullmatch(request.host) else own_host
        return web.Response(
            status=308, headers={"Location": f"https://{host}{request.rel_url.raw_path_qs}"}
        )

    return handle
