"""Admitting a call: the limits' verdicts as answers of the API."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, NoReturn

from accounts import errors
from api.errors import (
    EXPIRED_KEY,
    FORBIDDEN,
    INVALID_KEY,
    MONTH_SPENT,
    NO_COUNTRY,
    RATE_EXCEEDED,
    SUSPENDED,
    ApiError,
    Problem,
    moment,
    refusal,
)
from api.rates import RATE_LIMIT, rate_limit
from crawler.errors import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.limits import Admission, Limits
    from api.calls import Call


class Admissions:
    """Admits and settles calls, and keeps each caller's numbers for the headers."""

    def __init__(self, limits: Limits, *, upgrade_url: str | None) -> None:
        self._limits = limits
        self._upgrade_url = upgrade_url

    async def admit(
        self,
        call: Call,
        *,
        cost: int,
        cache_key: str | None = None,
        cache_fields: Sequence[str] = (),
        max_age: int | None = None,
        needs_country: bool = False,
    ) -> Admission:
        """Count a call, reserve or charge its cost, and read what is cached for it.

        Raises:
            ApiError: the call is not admitted; the error is its answer.
        """
        try:
            admission = await self._limits.admit(
                key_digest=call.key_digest,
                request_id=call.id,
                cost=cost,
                cache_key=cache_key,
                cache_fields=cache_fields,
                max_age=max_age,
                needs_country=needs_country,
                address=call.address,
            )
        except errors.AccountsError as error:
            self._refuse(call, error)
        call.standing = admission
        return admission

    async def count_wrong(self, call: Call, error: ApiError) -> None:
        """Count a call that was wrong before it was admitted: towards the rate, at no cost.

        Raises:
            ApiError: the call is not admitted; that is its answer instead.
        """
        if call.standing is None and error.status in {400, 413}:
            admission = await self.admit(call, cost=0)
            error.more["requests_remaining"] = admission.requests_remaining

    async def settle(
        self,
        call: Call,
        admission: Admission,
        *,
        status: int,
        video_id: str | None,
        is_cached: bool,
        elapsed_ms: int,
    ) -> int:
        """Charge or release what was reserved; answers what is left of the month.

        Raises:
            ApiError: Redis does not answer; the reservation lapses by itself.
        """
        try:
            admission.requests_remaining = await self._limits.settle(
                admission,
                request_id=call.id,
                status=status,
                video_id=video_id,
                is_cached=is_cached,
                elapsed_ms=elapsed_ms,
            )
        except errors.LimitsUnavailableError as error:
            raise refusal(Reason.STORAGE_UNAVAILABLE) from error
        return admission.requests_remaining

    def _refuse(self, call: Call, error: errors.AccountsError) -> NoReturn:
        if isinstance(error, errors.RefusedError):
            call.standing = error
        match error:
            case errors.UnknownKeyError():
                raise ApiError(INVALID_KEY) from None
            case errors.TooManyStrangersError():
                raise _too_many_strangers(error) from None
            case errors.ExpiredKeyError():
                raise ApiError(EXPIRED_KEY) from None
            case errors.SuspendedError():
                raise ApiError(SUSPENDED) from None
            case errors.AddressRefusedError():
                raise ApiError(FORBIDDEN) from None
            case errors.CountryNotAvailableError():
                raise ApiError(
                    NO_COUNTRY, current_plan=error.plan.value, upgrade_url=self._upgrade_url
                ) from None
            case errors.RateExceededError():
                raise _too_many(RATE_EXCEEDED, error, "minute", error.reset_at) from None
            case errors.MonthSpentError():
                refused = _too_many(MONTH_SPENT, error, "month", error.period_end)
                refused.headers[RATE_LIMIT] = f"{rate_limit(error)};t={error.retry_after_s}"
                raise refused from None
            case _:
                raise refusal(Reason.STORAGE_UNAVAILABLE) from error


def _too_many(
    problem: Problem,
    error: errors.RateExceededError | errors.MonthSpentError,
    window: str,
    reset_at: int,
) -> ApiError:
    return ApiError(
        problem,
        detail=f"Maximum {error.maximum} requests per {window} for {error.plan.title} plan",
        headers={"Retry-After": str(error.retry_after_s)},
        retry_after=error.retry_after_s,
        reset_at=moment(reset_at),
    )


def _too_many_strangers(error: errors.TooManyStrangersError) -> ApiError:
    return ApiError(
        RATE_EXCEEDED,
        detail=f"Maximum {error.maximum} requests with unknown API keys per minute and address",
        headers={"Retry-After": str(error.retry_after_s)},
        retry_after=error.retry_after_s,
        reset_at=moment(time() + error.retry_after_s),
    )
