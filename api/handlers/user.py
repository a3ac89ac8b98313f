"""Endpoints of the caller's own account; they count towards the rate and cost nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from accounts.errors import UnknownAccountError
from accounts.windows import Period
from api.calls import DATA
from api.documented import documented
from api.errors import INVALID_KEY, INVALID_PARAMETER, OF_KEYS, ApiError, moment
from api.examples import ME_ANSWER, USAGE_ANSWER
from api.middlewares.envelope import JSON
from api.owned import admit_free
from api.parts import ACCOUNTS, REPORTS
from api.schemas.user import MeAnswer, UsageAnswer, UsageRequest
from api.storage import storage
from settings.plans import PLANS

if TYPE_CHECKING:
    from accounts.accounts import Account
    from accounts.reports import Report, Spent

_HEADERS = {"Content-Type": JSON, "Cache-Control": "no-store"}


@documented(
    tag="Account",
    summary="How the account stands",
    answers={200: (MeAnswer, "The account", ME_ANSWER)},
    problems=OF_KEYS,
)
async def read_me(request: web.Request) -> web.Response:
    """The account that the key belongs to: its plan, and what is used of the month."""
    async with storage():
        account = await _account(request)
        spent = await request.app[REPORTS].spent(account, now=datetime.now(UTC))
    return web.Response(body=orjson.dumps(_me(account, spent)), headers=_HEADERS)


@documented(
    tag="Account",
    summary="What the account used",
    query=UsageRequest,
    answers={200: (UsageAnswer, "The usage", USAGE_ANSWER)},
    problems=(INVALID_PARAMETER, *OF_KEYS),
)
async def read_usage(request: web.Request) -> web.Response:
    """Requests by day, and the videos that were asked for most often."""
    period = Period(request[DATA]["period"])
    async with storage():
        account = await _account(request)
        report = await request.app[REPORTS].report(account, period, now=datetime.now(UTC))
    return web.Response(body=orjson.dumps(_usage(period, report)), headers=_HEADERS)


async def _account(request: web.Request) -> Account:
    admission = await admit_free(request)
    try:
        return await request.app[ACCOUNTS].find(admission.account_id)
    except UnknownAccountError:
        raise ApiError(INVALID_KEY) from None


def _me(account: Account, spent: Spent) -> dict[str, Any]:
    plan, (start, end) = PLANS[account.plan], spent.period
    last = spent.last_request_at
    return {
        "email": account.email,
        "plan": plan.name.value,
        "status": account.status.value,
        "requests_used": spent.charged,
        "requests_limit": plan.requests_per_month,
        "requests_remaining": max(0, plan.requests_per_month - spent.charged),
        "usage_percent": _percent(spent.charged, plan.requests_per_month),
        "rate_limit": f"{plan.requests_per_minute} per minute",
        "features": {
            "video_extraction": True,
            "metadata_extraction": True,
            "country_detection": plan.country_detection,
            "priority_support": plan.priority_support,
        },
        "billing": {
            "current_period_start": moment(start.timestamp()),
            "current_period_end": moment(end.timestamp()),
            "next_billing_date": moment(end.timestamp()),
        },
        "created_at": moment(account.created_at.timestamp()),
        "last_request_at": moment(last.timestamp()) if last else None,
    }


def _usage(period: Period, report: Report) -> dict[str, Any]:
    counts = report.counts
    total = counts["total"]
    timed = total - counts["items"]  # nobody waits for an item of a crawl
    return {
        "period": period.value,
        "total_requests": total,
        "successful_requests": counts["successful"],
        "failed_requests": counts["failed"],
        "cached_requests": counts["cached"],
        "cache_hit_rate": _percent(counts["cached"], total),
        "average_response_time_ms": round(counts["elapsed_ms"] / timed) if timed else 0,
        "requests_by_day": [{"date": date, "count": count} for date, count in report.days],
        "top_videos": [
            {
                "video_id": asked.video_id,
                "requests": asked.requests,
                "last_requested": moment(asked.last / 1000),
            }
            for asked in report.top
        ],
    }


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0
