"""Webhooks as requests name them and answers show them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from api.changing import PATIENCE_S, changing, sentence, written
from api.errors import (
    CRAWL_CONFLICT,
    CRAWL_NOT_FOUND,
    DELIVERY_CONFLICT,
    DELIVERY_NOT_FOUND,
    INVALID_PARAMETER,
    SCHEDULE_BUSY,
    SCHEDULE_NOT_FOUND,
    SECRET_CONFLICT,
    TOO_MANY_SCHEDULES,
    WEBHOOK_ENDPOINT_NOT_FOUND,
    ApiError,
)
from api.parts import ADDRESSES
from crawler.jobs.crawls import CrawlStateError, UnknownCrawlError
from crawler.jobs.schedules.schedules import (
    ScheduleError,
    TooManySchedulesError,
    UnknownScheduleError,
)
from crawler.jobs.schedules.timetable import TimetableError
from crawler.jobs.webhooks.addresses import WebhookRefusedError
from crawler.jobs.webhooks.endpoints import UnknownEndpointError
from crawler.jobs.webhooks.secrets import SecretError
from crawler.jobs.webhooks.webhooks import DeliveryStateError, UnknownDeliveryError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import web

    from crawler.jobs.webhooks.delivery import Delivery
    from crawler.jobs.webhooks.endpoints import Endpoint
    from crawler.jobs.webhooks.secrets import Secret

_ABSENT = {
    UnknownCrawlError: CRAWL_NOT_FOUND,
    UnknownDeliveryError: DELIVERY_NOT_FOUND,
    UnknownEndpointError: WEBHOOK_ENDPOINT_NOT_FOUND,
    UnknownScheduleError: SCHEDULE_NOT_FOUND,
}


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


@contextlib.asynccontextmanager
async def telling_why(within_s: float = PATIENCE_S) -> AsyncIterator[None]:
    """Turn what webhooks, crawls and schedules refuse into the answer that says so."""
    async with changing(within_s):
        try:
            yield
        except (
            *(UnknownCrawlError, UnknownScheduleError),
            *(UnknownDeliveryError, UnknownEndpointError),
        ) as error:
            raise ApiError(_ABSENT[type(error)]) from None
        except TimetableError as error:
            wrong = f"The parameter '{error.field}' {error}"
            raise ApiError(INVALID_PARAMETER, detail=wrong) from None
        except TooManySchedulesError as error:
            raise ApiError(TOO_MANY_SCHEDULES, detail=sentence(error)) from None
        except ScheduleError as error:
            raise ApiError(SCHEDULE_BUSY, detail=sentence(error)) from None
        except CrawlStateError as error:
            raise ApiError(CRAWL_CONFLICT, detail=sentence(error)) from None
        except SecretError as error:
            raise ApiError(SECRET_CONFLICT, detail=sentence(error)) from None
        except DeliveryStateError as error:
            raise ApiError(DELIVERY_CONFLICT, detail=sentence(error)) from None


def shown_secret(secret: Secret) -> dict[str, Any]:
    """A secret as it is shown to its owner."""
    return {
        "secret": secret.current,
        "created_at": written(secret.created_at),
        "previous": secret.previous,
        "previous_until": written(secret.previous_until),
    }


def shown_endpoint(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint as it is shown."""
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "first_at": written(endpoint.first_at),
        "last_success_at": written(endpoint.last_success_at),
        "last_failure_at": written(endpoint.last_failure_at),
        "failing_since": written(endpoint.failing_since),
        "off_since": written(endpoint.off_since),
        "off_reason": endpoint.off_reason.value if endpoint.off_reason else None,
    }


def shown_delivery(delivery: Delivery) -> dict[str, Any]:
    """A delivery as it is shown."""
    return {
        "id": delivery.id,
        "crawl_id": delivery.crawl,
        "endpoint_id": delivery.endpoint,
        "url": delivery.url,
        "type": delivery.type,
        "body": delivery.body,
        "state": delivery.state.value,
        "created_at": written(delivery.created_at),
        "next_at": written(delivery.next_at),
        "ended_at": written(delivery.ended_at),
        "attempts": [{**one, "at": written(one["at"])} for one in delivery.attempts],
    }
