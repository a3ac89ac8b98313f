"""Entering what was told: items delivered and charged, outcomes of targets, counts of crawls.

A batch is one transaction: the items in their sequence, what they cost, the targets' outcomes and
the crawls' counts are there together or not at all. Entering the same again changes nothing, for an
item has its id, and a target its outcome, once.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne
from redis.exceptions import RedisError

from crawler.jobs.collections import CRAWL_ITEMS, CRAWL_JOBS, CRAWL_TARGETS
from crawler.jobs.conducting import ends
from crawler.jobs.conducting.ends import QUOTA, End
from crawler.jobs.crawl import CrawlState, TargetState, item_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase

    from accounts.charging import Charge, Charging
    from crawler.jobs.conducting.running import Flying, Running
    from crawler.jobs.lease import Fence
    from crawler.jobs.records import Outcome
    from crawler.jobs.told import Item
    from services.mongodb import Document

logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Entry:
    """What is to be entered of one target."""

    running: Running
    flying: Flying
    items: list[Item] = field(default_factory=list)
    outcome: Outcome | None = None
    """None while the target goes on."""
    stop: str | None = None
    """Why the target is ended without an outcome."""
    is_cached: bool = False
    counted: Mapping[str, int] = field(default_factory=dict)
    """What workers counted for the target."""


@dataclass(slots=True, kw_only=True)
class Ended:
    """A target that has its outcome now."""

    running: Running
    flying: Flying
    end: End


@dataclass(slots=True)
class _Sheet:
    """What a batch comes to for one crawl."""

    running: Running
    items: dict[str, tuple[Item, int, bool]] = field(default_factory=dict)
    """By their ids: the item, the number of the target that brought it, whether it was cached."""
    also: list[tuple[str, int]] = field(default_factory=list)
    """Items that were delivered before, and the target that brought them as well."""
    unpaid: set[str] = field(default_factory=set)
    ended: list[Ended] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)


class Books:
    """Enters batches; the only one to write outcomes, items and counts of crawls."""

    def __init__(self, database: AsyncDatabase[Document], charging: Charging, fence: Fence) -> None:
        self._jobs = database[CRAWL_JOBS]
        self._targets = database[CRAWL_TARGETS]
        self._items = database[CRAWL_ITEMS]
        self._charging = charging
        self._fence = fence

    async def enter(self, entries: Sequence[Entry]) -> list[Ended]:
        """Enter a batch and answer which targets have ended by it.

        A crawl whose owner's month is spent by it is stopped for that.

        Raises:
            OvertakenError: another conductor has entered; nothing was written.
            PyMongoError, RedisError: nothing was written, or it is not known.
        """
        sheets = await self._sheets(entries)
        charges = await self._charge(sheets)
        for entry in entries:
            keys = {item_id(entry.running.id, *item) for item in entry.items}
            entry.flying.is_unpaid |= bool(keys & sheets[entry.running.id].unpaid)
            self._end(entry, sheets[entry.running.id])
        totals = await self._fence.write(lambda session: self._write(sheets, charges, session))
        for sheet in sheets.values():
            _take_over(sheet)
        await self._settle(charges, totals)
        return [ended for sheet in sheets.values() for ended in sheet.ended]

    async def _sheets(self, entries: Sequence[Entry]) -> dict[str, _Sheet]:
        """What was brought, less what was delivered before."""
        sheets: dict[str, _Sheet] = {}
        for entry in entries:
            sheet = sheets.setdefault(entry.running.id, _Sheet(entry.running))
            sheet.counted.update(entry.counted)
            for kind, item in entry.items:
                brought = ((kind, item), entry.flying.number, entry.is_cached)
                key = item_id(entry.running.id, kind, item)
                if sheet.items.setdefault(key, brought) is not brought:
                    sheet.also.append((key, entry.flying.number))
        keys = [key for sheet in sheets.values() for key in sheet.items]
        if keys:
            known = self._items.find({"_id": {"$in": keys}}, {"crawl": 1})
            async for document in known:
                sheet = sheets[document["crawl"]]
                _, number, _ = sheet.items.pop(document["_id"])
                sheet.also.append((document["_id"], number))
        return sheets

    async def _charge(self, sheets: dict[str, _Sheet]) -> dict[str, Charge]:
        """Hold what the items cost; those past the end of a month are not delivered."""
        owned: dict[str, list[_Sheet]] = defaultdict(list)
        for sheet in sheets.values():
            if sheet.running.owner is not None and sheet.items:
                owned[sheet.running.owner].append(sheet)
        charges = {}
        for owner, theirs in owned.items():
            count = sum(len(sheet.items) for sheet in theirs)
            charge = charges[owner] = await self._charging.hold(owner, count)
            _cut(theirs, charge.granted)
        return charges

    def _end(self, entry: Entry, sheet: _Sheet) -> None:
        if entry.stop is not None:
            end = ends.stopped(entry.stop)
        elif entry.outcome is not None:
            end = ends.end_of(
                entry.outcome, stop=entry.running.stop, is_paid=not entry.flying.is_unpaid
            )
            if entry.is_cached:
                end = End(state=end.state, reason=end.reason, outcome=end.outcome, is_cached=True)
        else:
            return
        sheet.ended.append(Ended(running=entry.running, flying=entry.flying, end=end))

    async def _write(
        self, sheets: dict[str, _Sheet], charges: dict[str, Charge], session: AsyncClientSession
    ) -> dict[str, int]:
        now = datetime.now(UTC)
        items = [one for sheet in sheets.values() for one in _item_documents(sheet, now)]
        if items:
            await self._items.insert_many(items, session=session)
        also = [pair for sheet in sheets.values() for pair in sheet.also]
        if also:
            await self._items.bulk_write(
                [
                    UpdateOne({"_id": key}, {"$addToSet": {"targets": number}})
                    for key, number in also
                ],
                ordered=False,
                session=session,
            )
        ended = [_outcome(one, now) for sheet in sheets.values() for one in sheet.ended]
        if ended:
            await self._targets.bulk_write(ended, ordered=False, session=session)
        for sheet in sheets.values():
            await self._jobs.update_one(
                {"_id": sheet.running.id}, {"$set": _progress(sheet, now)}, session=session
            )
        return await self._write_charges(sheets, charges, session)

    async def _write_charges(
        self, sheets: dict[str, _Sheet], charges: dict[str, Charge], session: AsyncClientSession
    ) -> dict[str, int]:
        totals = {}
        for owner, charge in charges.items():
            theirs = [
                cached
                for sheet in sheets.values()
                if sheet.running.owner == owner
                for _, _, cached in sheet.items.values()
            ]
            totals[owner] = await self._charging.write(
                charge, len(theirs), cached=sum(theirs), session=session
            )
        return totals

    async def _settle(self, charges: dict[str, Charge], totals: dict[str, int]) -> None:
        for owner, charge in charges.items():
            try:
                await self._charging.settle(charge, totals[owner])
            except (RedisError, OSError) as error:
                logger.warning("Redis hears later what %s was charged: %s", owner, error)


def _cut(sheets: Iterable[_Sheet], granted: int) -> None:
    """Keep the first ``granted`` items of an owner's crawls, and stop those that have more."""
    for sheet in sheets:
        keys = list(sheet.items)
        for key in keys[granted:]:
            del sheet.items[key]
            sheet.unpaid.add(key)
        granted = max(0, granted - len(keys))
        if sheet.unpaid and sheet.running.stop is None:
            sheet.running.stop = QUOTA


def _item_documents(sheet: _Sheet, now: datetime) -> list[Document]:
    crawl, first = sheet.running.id, sheet.running.items + 1
    return [
        {
            "_id": key,
            "crawl": crawl,
            "sequence": sequence,
            "kind": kind.value,
            "item": item,
            "target": number,
            "targets": [number],
            "delivered_at": now,
        }
        for sequence, (key, ((kind, item), number, _)) in enumerate(sheet.items.items(), first)
    ]


def _outcome(ended: Ended, now: datetime) -> UpdateOne:
    active = [TargetState.WAITING.value, TargetState.QUEUED.value]
    return UpdateOne(
        {"_id": ended.flying.id, "state": {"$in": active}},
        {"$set": {**ended.end.fields, "finished_at": now, "leader": None}},
    )


def _progress(sheet: _Sheet, now: datetime) -> dict[str, Any]:
    """The crawl's counts with what this batch adds; memory follows when it is written."""
    running = sheet.running
    states = [ended.end.state for ended in sheet.ended]
    counts = {
        "succeeded": running.succeeded + states.count(TargetState.SUCCEEDED),
        "failed": running.failed + states.count(TargetState.FAILED),
        "cancelled": running.cancelled + states.count(TargetState.CANCELLED),
        "items": running.items + len(sheet.items),
    }
    verdicts = running.verdicts.copy()
    verdicts.update(ended.end.verdict for ended in sheet.ended)
    changed: dict[str, Any] = {f"counts.{name}": count for name, count in counts.items()}
    changed |= {
        "state": CrawlState.RUNNING.value,
        "started_at": running.started_at or now,
        "verdicts": dict(verdicts),
        "stats": dict(running.stats + sheet.counted),
        "rate": running.rate,
        "eta_s": running.eta_s,
    }
    if running.stop is not None:
        changed["stop_reason"] = running.stop
    return changed


def _take_over(sheet: _Sheet) -> None:
    """Have in mind what is written."""
    running = sheet.running
    running.is_begun = True
    running.started_at = running.started_at or datetime.now(UTC)
    running.items += len(sheet.items)
    running.stats += sheet.counted
    for ended in sheet.ended:
        end = ended.end
        stop = end.outcome.end.stop_reason.value if end.outcome and end.outcome.end else None
        running.count(end.state, end.reason.value if end.reason else None, stop, 1)
        running.flying.pop(ended.flying.number, None)
    running.count_lately(len(sheet.ended))
