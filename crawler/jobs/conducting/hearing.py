"""What workers told, as entries for the books."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.jobs.conducting.books import Entry
from crawler.jobs.conducting.ends import item_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crawler.jobs.conducting.running import Running
    from crawler.jobs.told import Told


def entries_of(told: Iterable[Told], running: Mapping[str, Running]) -> list[Entry]:
    """What was told of targets that fly; the rest was entered before."""
    entries: list[Entry] = []
    has_ended: set[str] = set()
    for one in told:
        crawl = running.get(one.crawl)
        flying = crawl.flying.get(one.number) if crawl else None
        if crawl is None or flying is None or flying.id in has_ended:
            continue
        if flying.attempt != one.attempt or flying.leader is not None:
            continue
        entry = Entry(running=crawl, flying=flying, items=list(one.items))
        if one.outcome is not None:
            has_ended.add(flying.id)
            entry.outcome, entry.counted = one.outcome, one.counted
            item = item_of(flying.target, one.outcome)
            entry.items += [item] if item else []
        entries.append(entry)
    return entries
