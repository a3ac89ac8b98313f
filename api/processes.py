"""Several API processes on one socket: kept alive, and replaced without losing a request.

The socket is bound once and inherited. Had each process a socket of its own (SO_REUSEPORT), the
connections that wait at a process which ends would be reset.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from services.children import spawn
from services.errors import ServiceError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Sequence

    from settings.env import Environment

logger = logging.getLogger(__name__)

_MANAGE = Path(__file__).parent.parent / "manage.py"
_READY_S = 30.0
_FIRST_DELAY_S = 0.2
_LONGEST_DELAY_S = 10.0
_STEADY_S = 30.0
_GLANCE_S = 0.1
_BACKLOG = 1024


def bind(environment: Environment) -> socket.socket:
    """The socket that the API listens on.

    Raises:
        ServiceError: the address cannot be bound.
    """
    host, port = environment.api_host, environment.api_port
    try:
        family, *_, address = socket.getaddrinfo(
            None if host == "*" else host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ServiceError(
            f"cannot listen on {host}:{port} ({error.strerror}): set API_PORT or API_HOST"
        ) from None
    listener.setblocking(False)
    return listener


@dataclass(slots=True)
class Crew:
    """The API processes that share a socket; one thread, no event loop."""

    listener: socket.socket
    variables: dict[str, str]
    size: int
    drain_s: float
    """How long a process that is asked to end may take."""
    notice_s: float
    """How long before the end all say that they are not ready; zero for no notice."""
    gone: Callable[[int], None]
    """Told the id of each process that has ended."""
    _members: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _leaving: list[tuple[subprocess.Popen[bytes], float]] = field(default_factory=list)
    _is_ending: bool = False
    _is_reloading: bool = False

    def run(self) -> None:
        """Keep the processes running until SIGTERM or SIGINT; SIGHUP replaces them all.

        Raises:
            ServiceError: they do not start.
        """
        with self._signals():
            try:
                self._members = self._start(self.size)
                logger.info("%d processes listen", len(self._members))
                self._watch()
                self._give_notice()
            finally:
                self._dismiss(self._members)
                while self._leaving:
                    self._see_off()
                    time.sleep(_GLANCE_S / 2)

    def _watch(self) -> None:
        delay_s, due_at, died_at = _FIRST_DELAY_S, 0.0, time.monotonic()
        while not self._is_ending:
            now = time.monotonic()
            self._see_off()
            dead = [member for member in self._members if member.poll() is not None]
            for member in dead:
                delay_s = _FIRST_DELAY_S if now - died_at > _STEADY_S else delay_s
                logger.warning(
                    "process %d ended (%d): another in %.1f s",
                    member.pid,
                    member.returncode,
                    delay_s,
                )
                self._members.remove(member)
                self.gone(member.pid)
                due_at, died_at = now + delay_s, now
                delay_s = min(_LONGEST_DELAY_S, delay_s * 2)
            if self._is_reloading:
                self._is_reloading = False
                self._reload()
            elif len(self._members) < self.size and now >= due_at:
                try:
                    self._members += self._start(self.size - len(self._members))
                except ServiceError as error:
                    due_at, delay_s = now + delay_s, min(_LONGEST_DELAY_S, delay_s * 2)
                    logger.error("%s: again in %.1f s", error, delay_s)
            time.sleep(_GLANCE_S)

    def _give_notice(self) -> None:
        """Go on as before, but not ready, until load balancers know; a second signal hurries."""
        for member in self._members:
            if member.poll() is None:
                member.send_signal(signal.SIGUSR1)
        self._is_ending, until = False, time.monotonic() + self.notice_s
        while not self._is_ending and time.monotonic() < until:
            time.sleep(_GLANCE_S)

    def _reload(self) -> None:
        try:
            fresh = self._start(self.size)
        except ServiceError as error:
            logger.error("the processes are not replaced: %s", error)
            return
        old, self._members = self._members, fresh
        self._dismiss(old)
        logger.info("%d new processes listen, the old ones finish", len(fresh))

    def _start(self, count: int) -> list[subprocess.Popen[bytes]]:
        """Start processes and return when all of them listen."""
        started = [self._start_one() for _ in range(count)]
        members = [member for member, _ in started]
        deadline = time.monotonic() + _READY_S
        are_ready = [_says_so(pipe, deadline) for _, pipe in started]
        if not all(are_ready):
            for member in members:
                member.kill()
                member.wait()
            raise ServiceError("an API process ended before it listened: see above")
        return members

    def _start_one(self) -> tuple[subprocess.Popen[bytes], int]:
        reading, writing = os.pipe()
        command: Sequence[str | Path] = [
            sys.executable,
            _MANAGE,
            "serve",
            "--listener",
            str(self.listener.fileno()),
            "--ready",
            str(writing),
        ]
        member = spawn(
            command,
            death_signal=signal.SIGKILL,
            environment=self.variables,
            keep=(self.listener.fileno(), writing),
        )
        os.close(writing)
        return member, reading

    def _dismiss(self, members: Sequence[subprocess.Popen[bytes]]) -> None:
        for member in members:
            if member.poll() is None:
                member.terminate()
            self._leaving.append((member, time.monotonic() + self.drain_s))

    def _see_off(self) -> None:
        now = time.monotonic()
        for member, deadline in self._leaving:
            if member.poll() is None and now > deadline:
                logger.warning("process %d did not finish in time", member.pid)
                member.kill()
            if member.poll() is not None:
                self.gone(member.pid)
        self._leaving = [one for one in self._leaving if one[0].returncode is None]

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def end(*_: object) -> None:
            self._is_ending = True

        def reload(*_: object) -> None:
            self._is_reloading = True

        wishes = {signal.SIGTERM: end, signal.SIGINT: end, signal.SIGHUP: reload}
        before = {number: signal.signal(number, wish) for number, wish in wishes.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _says_so(pipe: int, deadline: float) -> bool:
    """Whether a word comes through the pipe in time; it closes when its process ends."""
    try:
        readable, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        return bool(readable and os.read(pipe, 1))
    finally:
        os.close(pipe)
