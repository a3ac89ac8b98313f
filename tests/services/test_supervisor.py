from __future__ import annotations

import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from services.children import spawn, stop
from services.errors import ServiceError
from services.supervisor import Supervisor

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

LIVING = "import time; time.sleep(60)"
DYING = "raise SystemExit(3)"


@dataclass
class Part:
    """A real process that the supervisor has to look after."""

    code: str = LIVING
    refusals: int = 0
    log: list[str] = field(default_factory=list)
    started: list[int] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def start(self) -> None:
        if self.started and self.refusals:
            self.refusals -= 1
            raise ServiceError("not yet")
        self._process = spawn([sys.executable, "-c", self.code], death_signal=signal.SIGKILL)
        self.started.append(self._process.pid)

    def stop(self) -> None:
        self.log.append(self.code)
        stop(self.process, within_s=5)


@pytest.fixture
def signals() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    handlers = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def supervisor(signals: None) -> Iterator[Supervisor]:
    supervisor = Supervisor(changed=lambda _: None)
    supervisor.catch_signals()
    yield supervisor
    supervisor.stop()


def end_when(condition: Callable[[], bool]) -> threading.Thread:
    """Send this process SIGTERM, as an operator would, once the condition holds."""

    def wait() -> None:
        deadline = time.monotonic() + 10
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.02)
        signal.raise_signal(signal.SIGTERM)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def watch_until(supervisor: Supervisor, condition: Callable[[], bool]) -> None:
    thread = end_when(condition)
    supervisor.watch()
    thread.join()
    assert condition()


def test_a_killed_part_is_started_again(supervisor: Supervisor) -> None:
    part = Part()
    supervisor.start("part", part)
    part.process.kill()

    watch_until(supervisor, lambda: len(part.started) == 2)

    assert part.process.poll() is None


def test_a_part_that_dies_at_once_is_tried_again_later_and_later(
    supervisor: Supervisor, caplog: pytest.LogCaptureFixture
) -> None:
    part = Part(DYING)
    supervisor.start("part", part)

    watch_until(supervisor, lambda: len(part.started) == 3)

    ended = [message for message in caplog.messages if message.startswith("part ended")]
    assert ended[:2] == ["part ended (3): again in 0.2 s", "part ended (3): again in 0.4 s"]


def test_a_part_that_cannot_be_started_yet_is_tried_again(supervisor: Supervisor) -> None:
    part = Part(refusals=2)
    supervisor.start("part", part)
    part.process.kill()

    watch_until(supervisor, lambda: len(part.started) == 2)

    assert part.refusals == 0


def test_the_process_ids_are_told_at_each_start(signals: None) -> None:
    told: list[dict[str, int]] = []
    supervisor = Supervisor(changed=told.append)
    supervisor.catch_signals()
    part = Part()
    supervisor.start("part", part)
    part.process.kill()

    watch_until(supervisor, lambda: len(told) == 2)
    supervisor.stop()

    assert told == [{"part": part.started[0]}, {"part": part.started[1]}]


def test_parts_end_in_reverse_order(signals: None) -> None:
    supervisor = Supervisor(changed=lambda _: None)
    log: list[str] = []
    first, second = Part(LIVING, log=log), Part(f"{LIVING} # second", log=log)
    supervisor.start("first", first)
    supervisor.start("second", second)

    supervisor.stop(together=["first"])

    assert log == [second.code, first.code]
    assert first.process.returncode == second.process.returncode == -signal.SIGTERM


def test_nothing_starts_once_somebody_asked_to_end(supervisor: Supervisor) -> None:
    signal.raise_signal(signal.SIGINT)
    part = Part()

    supervisor.start("part", part)

    assert part.started == []


def test_a_second_signal_ends_what_does_not_want_to_end(supervisor: Supervisor) -> None:
    stubborn = Part(f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {LIVING}")
    supervisor.start("stubborn", stubborn)

    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)

    assert stubborn.process.wait(5) == -signal.SIGKILL
