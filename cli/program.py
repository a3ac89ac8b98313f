"""Our own Python programs as child processes."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from services.children import spawn, stop
from services.errors import ServiceError

if TYPE_CHECKING:
    import subprocess

PROJECT = Path(__file__).parent.parent
_DRAIN_S = 30.0


def command(name: str) -> list[str]:
    """The arguments that run a command of manage.py."""
    return [str(PROJECT / "manage.py"), name]


@dataclass(slots=True)
class Program:
    """A Python program of ours as a child process."""

    arguments: list[str]
    environment: dict[str, str]
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running process."""
        if self._process is None:
            raise ServiceError(f"{self.arguments} is not started")
        return self._process

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self.process.poll()

    def start(self) -> None:
        """Start it; it is killed when this process is gone, and loses nothing by that."""
        self._process = spawn(
            [sys.executable, *self.arguments],
            death_signal=signal.SIGKILL,
            environment={**self.environment, "PYTHONPATH": str(PROJECT)},
        )

    def stop(self) -> None:
        """Let it finish what it has in hand."""
        stop(self.process, within_s=_DRAIN_S)
