"""The worker's own view of the egresses: which way a page takes, without asking anybody.

Shares and breakers are refreshed each second, and after every block at once, so a page costs no
round trip as long as pages are served.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from crawler.egress.ledger import Need
from crawler.jobs.records import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from crawler.egress.ledger import Blocked, Grant, Ledger
    from crawler.errors import Reason


@dataclass(slots=True, eq=False)
class Way:
    """One egress as this worker sees it."""

    name: str
    proxy: str | None
    share: int = 0
    """How many pages this worker may have under way through it."""
    busy: int = 0
    is_blocked: bool = False
    is_open: bool = False
    """Whether its breaker is open: what electricians call open lets nothing through."""
    shut_until: float = 0.0
    """When an open one may be probed, by the monotonic clock."""
    ready_at: float | None = None
    """When the next bulk page may leave; None when that moment is not taken yet."""

    @property
    def is_shut(self) -> bool:
        """Whether nothing may pass now, not even a probe."""
        return self.is_open and monotonic() < self.shut_until


@dataclass(slots=True, eq=False)
class Passage:
    """One target's use of an egress, for all of its pages."""

    way: Way
    is_probe: bool = False
    is_told: bool = field(default=False, init=False)
    """Whether it is known how the probe ended."""


class Gate:
    """Lets pages pass, each by the next egress that has room."""

    def __init__(self, egresses: Mapping[str, str | None], ledger: Ledger) -> None:
        self._ledger = ledger
        self._ways = [Way(name, proxy) for name, proxy in egresses.items()]
        self._turn = deque(self._ways)
        self._postponed_until = 0.0
        self._told = 0
        self.changed: Callable[[], None] = lambda: None
        """Called when more may pass than before."""

    @property
    def is_shut(self) -> bool:
        """Whether every breaker is open."""
        return all(way.is_shut for way in self._ways)

    @property
    def wait_s(self) -> float:
        """Seconds until the first of the open breakers may be probed."""
        return max(0.0, min(way.shut_until for way in self._ways) - monotonic())

    @property
    def share(self) -> int:
        """How many pages this worker may have under way in all."""
        return sum(way.share for way in self._ways if not way.is_open)

    @property
    def most(self) -> int:
        """How many pages all workers may have under way in all, on a good day."""
        return len(self._ways) * self._ledger.policy.concurrency

    @property
    def has_postponed(self) -> bool:
        """Whether some target may be postponed."""
        return monotonic() < self._postponed_until

    @property
    def needs_pace(self) -> bool:
        """Whether the moment of some egress' next bulk page is to be taken."""
        if not self._ledger.policy.delay_s:
            return False
        return any(way.ready_at is None and not way.is_open for way in self._ways)

    def has_other(self, passage: Passage) -> bool:
        """Whether another egress than this one lets pages pass."""
        return any(way is not passage.way and not way.is_shut for way in self._ways)

    def has_room(self, lane: Lane) -> bool:
        """Whether a page of that lane may pass now."""
        return any(self._may_pass(way, lane) for way in self._ways)

    async def enter(self, lane: Lane) -> Passage | None:
        """The way of a new target; None when there is none after all.

        A breaker whose time has come is probed with whatever comes first.
        """
        for way in self._ways:
            if way.is_open and not way.is_shut and await self._probes(way):
                return self._pass(way, is_probe=True)
        for _ in range(len(self._turn)):
            way = self._turn[0]
            self._turn.rotate(-1)
            if not way.is_open and self._may_pass(way, lane):
                if lane is Lane.BULK:
                    way.ready_at = None
                return self._pass(way, is_probe=False)
        return None

    def leave(self, passage: Passage) -> None:
        """Make room for another page."""
        passage.way.busy -= 1

    async def conclude(self, passage: Passage) -> None:
        """Let another probe be made when this one has told nothing."""
        if passage.is_probe and not passage.is_told:
            passage.is_told = True
            await self._ledger.leave_probe(passage.way.name)
            self._shut(passage.way, 0.0)

    async def serve(self, passage: Passage) -> None:
        """Hear that a page was served."""
        way = passage.way
        passage.is_told = True
        if way.is_blocked or way.is_open:
            way.is_blocked = way.is_open = False
            with self._telling():
                await self._ledger.serve(way.name)
            self.changed()

    async def block(
        self,
        passage: Passage,
        targets: Sequence[str],
        reason: Reason,
        *,
        postpones: bool,
        named_s: int | None = None,
    ) -> Blocked:
        """Hear that a wall stood where content should be."""
        way = passage.way
        passage.is_told = True
        way.is_blocked = True
        with self._telling():
            blocked = await self._ledger.block(
                way.name,
                targets,
                reason,
                is_probe=passage.is_probe,
                postpones=postpones,
                named_s=named_s,
            )
        if blocked.wait_s:
            way.is_open = True
            self._shut(way, blocked.wait_s)
        if blocked.delay_s:
            self._postpone(blocked.delay_s)
        return blocked

    async def refresh(self, *, wants: int) -> None:
        """Take this worker's share of each egress, and learn how they stand."""
        most = self._ledger.policy.concurrency
        needs = [Need(egress=way.name, wants=min(wants, most), has=way.busy) for way in self._ways]
        told = self._told
        postponed_s, grants = await self._ledger.hold(needs)
        self._postpone(postponed_s)
        for way, grant in zip(self._ways, grants, strict=True):
            way.share = grant.share
            if told == self._told:
                self._learn(way, grant)
        self.changed()

    async def pace(self) -> None:
        """Take the moment of each egress' next bulk page."""
        for way in self._ways:
            if way.ready_at is None and not way.is_open:
                wait_s = await self._ledger.pace(way.name)
                way.ready_at = monotonic() + wait_s
                self._call_later(wait_s)

    async def close(self) -> None:
        """Leave this worker's share to the others."""
        await self._ledger.give_up([way.name for way in self._ways])

    def _may_pass(self, way: Way, lane: Lane) -> bool:
        if way.is_open:
            return not way.is_shut
        return way.busy < way.share and (lane is Lane.DEMAND or self._is_due(way))

    def _is_due(self, way: Way) -> bool:
        if not self._ledger.policy.delay_s:
            return True
        return way.ready_at is not None and way.ready_at <= monotonic()

    def _pass(self, way: Way, *, is_probe: bool) -> Passage:
        way.busy += 1
        return Passage(way, is_probe=is_probe)

    async def _probes(self, way: Way) -> bool:
        with self._telling():
            wait_s = await self._ledger.probe(way.name)
        if wait_s == 0:
            way.is_open = False
        elif wait_s > 0:
            self._shut(way, wait_s)
        else:
            self._shut(way, self._ledger.policy.probe_s)
        return wait_s < 0

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """Tell Redis something; what was asked of it meanwhile may already be untrue."""
        self._told += 1
        try:
            yield
        finally:
            self._told += 1

    def _learn(self, way: Way, grant: Grant) -> None:
        way.is_blocked, way.is_open = grant.is_blocked, grant.is_open
        if way.is_open:
            self._shut(way, grant.wait_s)

    def _shut(self, way: Way, wait_s: float) -> None:
        way.shut_until = monotonic() + wait_s
        self._call_later(wait_s)

    def _postpone(self, delay_s: float) -> None:
        self._postponed_until = max(self._postponed_until, monotonic() + delay_s)

    def _call_later(self, wait_s: float) -> None:
        # A little late, so that the moment has passed by every clock.
        asyncio.get_running_loop().call_later(wait_s + 0.002, self.changed)
