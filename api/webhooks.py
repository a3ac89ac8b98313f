"""Webhooks as requests name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.errors import INVALID_PARAMETER, ApiError
from api.parts import ADDRESSES
from crawler.jobs.webhooks.addresses import WebhookRefusedError

if TYPE_CHECKING:
    from aiohttp import web


async def check_webhook(request: web.Request, address: str | None) -> None:
    """Refuse the parameter ``webhook`` of a request where no webhook can or must go.

    To be called when the caller is admitted, for it asks name servers.

    Raises:
        ApiError: the address is none, leads nowhere, or into a network that is not public.
    """
    if address is None:
        return
    try:
        await request.app[ADDRESSES].check(address)
    except WebhookRefusedError as error:
        raise ApiError(INVALID_PARAMETER, detail=f"The parameter 'webhook' {error}") from None
