"""What an account used, as its owner sees it: what is drained and what is not yet, at one moment.

Events are read from the stream first and MongoDB in a snapshot after that. What is drained in
between is told by the position in the snapshot, so nothing is missing and nothing counts twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accounts.billing import period_of
from accounts.collections import USAGE_DAYS, USAGE_NEWS
from accounts.compacting import add_videos
from accounts.folding import Folding
from accounts.ranking import Ranking
from accounts.usage import order
from accounts.windows import Period, dates_of, windows_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase

    from accounts.accounts import Account
    from accounts.compacting import Videos
    from accounts.ranking import Asked
    from accounts.usage import Entry, Usage
    from services.mongodb import Document

_COUNTS = ("total", "successful", "failed", "cached", "charged", "items", "elapsed_ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """How far an account is with its month."""

    charged: int
    period: tuple[datetime, datetime]
    last_request_at: datetime | None
    """When a call was last charged or failed; None for never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was used in a period."""

    counts: dict[str, int]
    days: list[tuple[str, int]]
    """Every day with its requests, oldest first."""
    top: list[Asked]
    """The videos asked for most often."""


class Reports:
    """Reads what accounts used."""

    def __init__(self, usage: Usage, database: AsyncDatabase[Document]) -> None:
        self._usage = usage
        self._database = database

    async def spent(self, account: Account, *, now: datetime) -> Spent:
        """What was charged in the billing period.

        Raises:
            RedisError, PyMongoError: a database does not answer.
        """
        period = period_of(account.created_at, now=now)
        first = f"{period[0]:%Y-%m-%d}"
        waiting = await self._usage.waiting_of(account.id)
        async with self._database.client.start_session(snapshot=True) as session:
            late = await self._late(waiting, session)
            days = await self._days(account.id, first, session) + late.days_of(account.id)
            last = await self._last(account.id, session) + late.days_of(account.id)
        return Spent(
            charged=_counted(day for day in days if day["date"] >= first)["charged"],
            period=period,
            last_request_at=max((day["last_request_at"] for day in last), default=None),
        )

    async def report(self, account: Account, period: Period, *, now: datetime) -> Report:
        """What was used in a period that ends today.

        Raises:
            RedisError, PyMongoError: a database does not answer.
        """
        dates = dates_of(period, created_at=account.created_at, now=now)
        waiting = await self._usage.waiting_of(account.id)
        async with self._database.client.start_session(snapshot=True) as session:
            late = await self._late(waiting, session)
            days = await self._days(account.id, dates[0], session) + late.days_of(account.id)
            notes = [*await self._notes(account.id, session), *late.news()]
            top = await Ranking(self._database, session).top(
                account.id,
                windows_for(period, dates, account.created_at),
                news=_videos(note for note in notes if note["date"] >= dates[0]),
            )
        totals = dict.fromkeys(dates, 0)
        days = [day for day in days if day["date"] in totals]
        for day in days:
            totals[day["date"]] += day.get("total", 0)
        return Report(counts=_counted(days), days=list(totals.items()), top=top)

    async def _late(self, waiting: Iterable[Entry], session: AsyncClientSession) -> Folding:
        """What was not drained when the snapshot was taken."""
        position = order(await self._usage.position(session))
        folding = Folding()
        folding.add(event for entry_id, event in waiting if order(entry_id) > position)
        return folding

    async def _days(
        self, account_id: str, first: str, session: AsyncClientSession
    ) -> list[dict[str, Any]]:
        found = self._database[USAGE_DAYS].find(
            {"account_id": account_id, "date": {"$gte": first}}, session=session
        )
        return await found.to_list()

    async def _notes(self, account_id: str, session: AsyncClientSession) -> list[dict[str, Any]]:
        notes = self._database[USAGE_NEWS].find({"account_id": account_id}, session=session)
        return await notes.to_list()

    async def _last(self, account_id: str, session: AsyncClientSession) -> list[dict[str, Any]]:
        days = self._database[USAGE_DAYS].find({"account_id": account_id}, session=session)
        return await days.sort("date", -1).limit(1).to_list()


def _counted(days: Iterable[dict[str, Any]]) -> dict[str, int]:
    counts = dict.fromkeys(_COUNTS, 0)
    for day in days:
        for name in _COUNTS:
            counts[name] += day.get(name, 0)
    return counts


def _videos(notes: Iterable[dict[str, Any]]) -> Videos:
    videos: Videos = {}
    for note in notes:
        add_videos(videos, note["videos"])
    return videos
