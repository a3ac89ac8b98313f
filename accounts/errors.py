"""Why a call is not admitted, and what can be wrong with accounts.

A refusal of a valid key bears the account's standing, so that the answer's headers can be written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from settings.plans import PlanName


class AccountsError(Exception):
    """Anything that accounts, keys and limits refuse."""


class AccountExistsError(AccountsError):
    """There is an account with this e-mail address already."""


class UnknownAccountError(AccountsError):
    """No account has this id or e-mail address."""


class KeyNotFoundError(AccountsError):
    """No key has this id."""


class KeyStateError(AccountsError):
    """The key is in a state in which this cannot be done to it."""


class TooManyKeysError(AccountsError):
    """The account has as many keys that work as it may have."""


class CursorError(AccountsError):
    """A list is asked for from a place that no earlier page gave."""


class LimitsUnavailableError(AccountsError):
    """Redis or MongoDB does not answer, so nobody can be admitted."""


class UnknownKeyError(AccountsError):
    """No such key was ever issued, or it is revoked."""


class ExpiredKeyError(AccountsError):
    """The key's time is over."""


class TooManyStrangersError(AccountsError):
    """Too many unknown keys came from this address lately; this one was not looked for."""

    def __init__(self, *, maximum: int, retry_after_s: int) -> None:
        super().__init__(f"more than {maximum} unknown keys a minute")
        self.maximum = maximum
        self.retry_after_s = retry_after_s


class KeyReusedError(AccountsError):
    """The idempotency key belongs to another request of the account."""


class UnderWayError(AccountsError):
    """The request with this idempotency key is being worked on."""


@dataclass(slots=True)
class Standing:
    """How an account stands with its rate and its month."""

    plan: PlanName
    limit: int
    """Requests a minute."""
    remaining: int
    """How many of them are left."""
    reset_at: int
    """Unix seconds at which the oldest counted request is forgotten."""
    requests_remaining: int
    """What is left of the month."""
    reset_after_s: int
    """Seconds until ``reset_at``, by Redis' clock."""
    at_us: int
    """Microseconds at which all this was so, by Redis' clock: what an admitted call counts by."""


class RefusedError(AccountsError):
    """A valid key whose call is refused all the same."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(type(self).__name__)
        self.standing = standing
        self.plan = standing.plan
        self.limit = standing.limit
        self.remaining = standing.remaining
        self.reset_at = standing.reset_at
        self.requests_remaining = standing.requests_remaining
        self.reset_after_s = standing.reset_after_s
        self.at_us = standing.at_us


class SuspendedError(RefusedError):
    """The account is suspended."""


class AddressRefusedError(RefusedError):
    """The key is not for the caller's address."""


class CountryNotAvailableError(RefusedError):
    """The plan has no country detection; the call counts towards the rate and costs nothing."""


class RateExceededError(RefusedError):
    """The plan's requests of the last minute are used up."""

    def __init__(self, standing: Standing, *, maximum: int, retry_after_s: int) -> None:
        super().__init__(standing)
        self.maximum = maximum
        self.retry_after_s = retry_after_s


class MonthSpentError(RefusedError):
    """The plan's requests of the billing period are used up."""

    def __init__(
        self, standing: Standing, *, maximum: int, retry_after_s: int, period_end: int
    ) -> None:
        super().__init__(standing)
        self.maximum = maximum
        self.retry_after_s = retry_after_s
        self.period_end = period_end
