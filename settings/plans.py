"""The plans that are sold: what each may spend and which features it has."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PlanName(StrEnum):
    """The four plans, by the word that is stored and shown."""

    FREE = "free"
    BASIC = "basic"
    PRO = "pro"
    BUSINESS = "business"

    @property
    def title(self) -> str:  # type: ignore[override]
        """The plan's name as error texts write it, such as ``Basic``."""
        return self.value.capitalize()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an account on a plan may do."""

    name: PlanName
    requests_per_month: int
    requests_per_minute: int
    country_detection: bool
    priority_support: bool
    schedules: int
    """How many schedules an account may have."""
    exports: int = 0
    """How many exports of the whole store an account may have made at once."""


PLANS = {
    plan.name: plan
    for plan in (
        Plan(
            name=PlanName.FREE,
            requests_per_month=50,
            requests_per_minute=10,
            country_detection=False,
            priority_support=False,
            schedules=2,
        ),
        Plan(
            name=PlanName.BASIC,
            requests_per_month=1_000,
            requests_per_minute=30,
            country_detection=False,
            priority_support=False,
            schedules=10,
        ),
        Plan(
            name=PlanName.PRO,
            requests_per_month=10_000,
            requests_per_minute=100,
            country_detection=True,
            priority_support=True,
            schedules=50,
        ),
        Plan(
            name=PlanName.BUSINESS,
            requests_per_month=100_000,
            requests_per_minute=500,
            country_detection=True,
            priority_support=True,
            schedules=500,
            exports=2,
        ),
    )
}
