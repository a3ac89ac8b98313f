"""What has been collected of a list, and whether that is enough: pure bookkeeping."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crawler.jobs.lists import ListEnd, StopReason
from crawler.links import TargetType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from crawler.browser.envelopes import Answer
    from crawler.browser.found import Found
    from crawler.items import Kind
    from crawler.jobs.lists import Bounds

BARREN_ANSWERS = 3
"""So many answers in a row without a new item end a list: a disliked session gets one for ever."""
BAD_ANSWERS = 2
"""So many answers in a row that hold nothing at all end it: once is a whim."""
OLD_IN_A_ROW = 5
"""So many items in a row that are too old, or stored already, end a list that is ordered by time;
a single one may be a pinned post, or one that was asked for by itself."""
KNOWN_IN_A_ROW = 60
"""So many items in a row that are stored already end a list of another order: two pages of it."""


class Tally:
    """The items of one list, each once."""

    def __init__(self, kind: TargetType, bounds: Bounds) -> None:
        self._bounds = bounds
        self._is_by_time = kind is TargetType.USER
        self._seen: set[tuple[Kind, str]] = set()
        self._barren = 0
        self._bad: list[Answer] = []
        self._old = 0
        self._has_left_out = False
        self.collected = 0
        self.reported_total: int | None = None
        self.has_more: bool | None = None
        """What the list's last answer said; None before the first one."""
        self.stop: StopReason | None = None
        """Why nothing more is wanted; None while more is."""

    @property
    def is_bare(self) -> bool:
        """Whether nothing of the list has come at all."""
        return not self._seen

    @property
    def bad_answer(self) -> Answer | None:
        """The last of the bad answers in a row, if the list has just had one."""
        return self._bad[-1] if self._bad else None

    def hear(self, answer: Answer) -> list[Found]:
        """Hear an answer, and give back those of its items that were not there before."""
        if answer.reason is not None:
            self._bad.append(answer)
            if answer.wall is not None:
                self.stop = answer.wall
            elif len(self._bad) >= BAD_ANSWERS:
                self.stop = StopReason.EMPTY_BODY
            return []
        self._bad.clear()
        fresh = self.sift(answer.found)
        if answer.call is not None and not answer.call.endpoint.is_side:
            self._hear_list(answer, has_new=bool(fresh))
        return fresh

    def sift(self, found: Iterable[Found]) -> list[Found]:
        """Those that were not there before."""
        fresh = []
        for one in found:
            if (one.kind, one.id) not in self._seen:
                self._seen.add((one.kind, one.id))
                fresh.append(one)
        return fresh

    def admit(self, fresh: Iterable[Found], *, known: Collection[str] = ()) -> list[Found]:
        """Those of the new items that are within the bounds; ``known`` are stored already."""
        admitted = []
        for one in fresh:
            if self.stop is StopReason.LIMIT:
                break
            if self._is_wanted(one, known):
                admitted.append(one)
                self.collected += 1
                if self.collected == self._bounds.limit:
                    self.stop = StopReason.LIMIT
        return admitted

    def end(self, stop_reason: StopReason) -> ListEnd:
        """How the list ended; it is not complete when the bounds have left something out."""
        total = self.reported_total
        end = ListEnd.of(stop_reason, collected=self.collected, reported_total=total)
        return replace(end, complete=end.complete and not self._has_left_out)

    def _hear_list(self, answer: Answer, *, has_new: bool) -> None:
        self.has_more = answer.has_more
        if answer.total is not None:
            self.reported_total = answer.total
        self._barren = 0 if has_new else self._barren + 1
        if self._barren >= BARREN_ANSWERS:
            self.stop = StopReason.NO_PROGRESS if answer.has_more else StopReason.END

    def _is_wanted(self, one: Found, known: Collection[str]) -> bool:
        bounds, made = self._bounds, one.created_at
        is_early = bounds.since is not None and made is not None and made < bounds.since
        is_known = bounds.only_new and one.id in known
        is_late = bounds.until is not None and made is not None and made > bounds.until
        if not one.is_pinned:
            self._follow(is_early=is_early, is_known=is_known, is_late=is_late)
        is_wanted = not (is_early or is_known or is_late)
        self._has_left_out |= not is_wanted
        return is_wanted

    def _follow(self, *, is_early: bool, is_known: bool, is_late: bool) -> None:
        """Count what says that nothing wanted comes any more."""
        if is_known or (is_early and self._is_by_time):
            self._old += 1
        elif not (is_early or is_late):
            self._old = 0
        if self._old >= (OLD_IN_A_ROW if self._is_by_time else KNOWN_IN_A_ROW):
            self.stop = StopReason.LIMIT
