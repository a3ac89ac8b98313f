"""Keeping child processes alive, and ending them in order."""

from __future__ import annotations

import logging
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence

logger = logging.getLogger(__name__)

_FIRST_DELAY_S = 0.2
_LONGEST_DELAY_S = 10.0
_STEADY_S = 30.0
_GLANCE_S = 0.1


class Part(Protocol):
    """Something that runs as a process."""

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """Its process."""

    def start(self) -> None:
        """Start it, and return when it is of use."""

    def stop(self) -> None:
        """End it."""


@dataclass(slots=True)
class _Watched:
    name: str
    part: Part
    started_at: float
    delay_s: float = _FIRST_DELAY_S
    due_at: float | None = None


class Supervisor:
    """Starts parts in order, starts again whichever dies, and ends them in reverse order.

    One thread, no event loop: Linux ties a child's death signal to the thread that forked it.
    """

    def __init__(self, *, changed: Callable[[dict[str, int]], None]) -> None:
        self._watched: list[_Watched] = []
        self._changed = changed
        self._asked = 0

    def catch_signals(self) -> None:
        """Take SIGTERM, SIGINT and SIGHUP as the wish to end; a second one hurries."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask)

    @property
    def is_stopping(self) -> bool:
        """Whether somebody asked to end."""
        return self._asked > 0

    def start(self, name: str, part: Part) -> None:
        """Start a part and watch it from now on; nothing starts once somebody asked to end."""
        if self.is_stopping:
            return
        part.start()
        self._watched.append(_Watched(name, part, time.monotonic()))
        self._changed(self._pids())

    def watch(self) -> None:
        """Start again what dies, until somebody asks to end."""
        while not self.is_stopping:
            for watched in self._watched:
                self._look_at(watched)
            time.sleep(_GLANCE_S)

    def stop(self, *, together: Sequence[str] = ()) -> None:
        """End all parts in reverse order; those named in ``together`` are asked at once."""
        for watched in self._watched:
            if watched.name in together and watched.part.process.poll() is None:
                watched.part.process.terminate()
        for watched in reversed(self._watched):
            watched.part.stop()

    def _ask(self, *_: object) -> None:
        self._asked += 1
        if self._asked > 1:
            for watched in self._watched:
                watched.part.process.kill()

    def _look_at(self, watched: _Watched) -> None:
        now = time.monotonic()
        if watched.due_at is None:
            code = watched.part.process.poll()
            if code is None:
                return
            if now - watched.started_at > _STEADY_S:
                watched.delay_s = _FIRST_DELAY_S
            logger.warning("%s ended (%d): again in %.1f s", watched.name, code, watched.delay_s)
            watched.due_at = now + watched.delay_s
            watched.delay_s = min(_LONGEST_DELAY_S, watched.delay_s * 2)
        elif now >= watched.due_at:
            self._start_again(watched)

    def _start_again(self, watched: _Watched) -> None:
        watched.due_at, watched.started_at = None, time.monotonic()
        try:
            watched.part.start()
        except Exception:
            logger.exception("%s does not start", watched.name)
            watched.due_at = time.monotonic() + watched.delay_s
            watched.delay_s = min(_LONGEST_DELAY_S, watched.delay_s * 2)
        self._changed(self._pids())

    def _pids(self) -> dict[str, int]:
        return {watched.name: watched.part.process.pid for watched in self._watched}
