"""How much memory this process holds, alone or with all that it has started."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections import defaultdict
from pathlib import Path
from time import monotonic

_PROC = Path("/proc")
_STATM = _PROC / "self" / "statm"


_M_TRIM_THRESHOLD, _M_ARENA_MAX = -1, -8
"""Names of glibc's, from its malloc.h."""
_TRIM_BYTES = 128 * 1024
_ARENAS = 2


def hold_little() -> None:
    """Give memory back to the system as soon as it is free; nothing happens without glibc.

    Otherwise what large bodies took once stays with the process.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, _ARENAS)
        mallopt(_M_TRIM_THRESHOLD, _TRIM_BYTES)


def let_go() -> None:
    """Give back to the system what is free within the heap too; nothing happens without glibc.

    It looks through all of the heap: some milliseconds.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def resident_bytes() -> int:
    """The resident set of this process; 0 where the system does not tell it."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


class TreeMemory:
    """What this process and all that it has started hold; looked at each ten seconds.

    For a look takes a while: the system goes through all pages of each process.
    """

    def __init__(self, *, each_s: float = 10.0) -> None:
        self._each_s = each_s
        self._bytes = 0
        self._looked_at: float | None = None

    def __call__(self) -> int:
        """The last known number of bytes."""
        now = monotonic()
        if self._looked_at is None or now - self._looked_at > self._each_s:
            self._bytes, self._looked_at = tree_bytes(), now
        return self._bytes


def tree_bytes(pid: int | None = None) -> int:
    """What a process and everything below it hold, what they share counted once.

    That is the sum of their proportional sets; 0 where the system does not tell them.
    """
    return sum(map(_proportional_bytes, [pid or os.getpid(), *descendants(pid or os.getpid())]))


def descendants(pid: int) -> list[int]:
    """The processes below one, as far as the system tells them."""
    children = defaultdict(list)
    for place in _PROC.glob("[0-9]*"):
        if (parent := _parent_of(place)) is not None:
            children[parent].append(int(place.name))
    found = list(children[pid])
    for one in found:
        found += children[one]
    return found


def _parent_of(place: Path) -> int | None:
    try:
        # The name before it is in brackets and may hold anything.
        return int((place / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None


def _proportional_bytes(pid: int) -> int:
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    found = (line.split()[1] for line in lines if line.startswith("Pss:"))
    return 1024 * int(next(found, "0"))
