"""Exports over HTTP: each made by a process of its own, and passed on as it comes.

What decodes and packs half the store would hold up every other caller of this process. So it is
``manage.py export`` that works, writes to a pipe and waits there for a slow caller.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

from api.errors import TOO_MANY_STREAMS, ApiError, moment
from services.children import spawn
from settings.env import variables

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator

    from analysis.exports.form import Compression, Format
    from analysis.exports.order import Order
    from settings.env import Environment

MOST = 2
"""How many exports one process has made at once, whoever asked for them: each takes 250 MB."""
_MANAGE = Path(__file__).parent.parent / "manage.py"
_PIECE = 256 * 1024
_NICENESS = 10
_FIRST_S = 2.0
"""How long an answer waits for its first bytes before it begins without."""
_RETRY_S = 30


class BrokenExportError(OSError):
    """The process that made an export failed; it has said why in the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An export that is asked for."""

    order: Order
    form: Format
    compression: Compression | None

    @property
    def arguments(self) -> Iterator[str]:
        """What tells the command of it."""
        order = self.order
        yield from ("export", order.subject.value, "--out", "-", f"--format={self.form}")
        if self.compression is not None:
            yield f"--compress={self.compression}"
        if order.fields:
            yield f"--fields={','.join(order.fields)}"
        for name in ("since", "until"):
            if (at := getattr(order, name)) is not None:
                yield f"--{name}={at.replace(tzinfo=None).isoformat()}Z"
        for name in ("hashtag", "user", "country"):
            if (value := getattr(order, name)) is not None:
                yield f"--{name}={value}"


class Exports:
    """The exports of one API process."""

    def __init__(self, environment: Environment) -> None:
        self._variables = variables(
            MONGODB_URI=environment.mongodb_uri or "", REDIS_URL=environment.redis_url or ""
        )
        self._running = 0

    async def file(self, wanted: Wanted, left: asyncio.Event) -> AsyncGenerator[bytes]:
        """The file piece by piece; the first may be empty. It ends early when the caller has left.

        Raises:
            ApiError: as many as may be are made already.
            BrokenExportError: it could not be finished.
        """
        async with self._process(wanted) as (process, reader):
            leaving = asyncio.create_task(_kill_when(left, process))
            try:
                first = asyncio.ensure_future(reader.read(_PIECE))
                await asyncio.wait({first}, timeout=_FIRST_S)
                if not first.done():
                    yield b""
                piece = await first
                while piece:
                    yield piece
                    piece = await reader.read(_PIECE)
                if code := await asyncio.to_thread(process.wait):
                    raise BrokenExportError(f"an export ended with {code}")
            finally:
                leaving.cancel()

    @contextlib.asynccontextmanager
    async def _process(
        self, wanted: Wanted
    ) -> AsyncIterator[tuple[subprocess.Popen[bytes], asyncio.StreamReader]]:
        if self._running >= MOST:
            raise _too_many()
        self._running += 1
        try:
            reading, writing = os.pipe()
            reader = asyncio.StreamReader(limit=_PIECE)
            transport, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb")
            )
            try:
                process = self._start(wanted, writing)
                try:
                    yield process, reader
                finally:
                    process.kill()
                    await asyncio.to_thread(process.wait)
            finally:
                transport.close()
        finally:
            self._running -= 1

    def _start(self, wanted: Wanted, writing: int) -> subprocess.Popen[bytes]:
        try:
            process = spawn(
                [sys.executable, _MANAGE, *wanted.arguments],
                death_signal=signal.SIGKILL,
                environment=self._variables,
                output=writing,
            )
        finally:
            os.close(writing)
        os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
        return process


async def _kill_when(left: asyncio.Event, process: subprocess.Popen[bytes]) -> None:
    await left.wait()
    process.kill()


def _too_many() -> ApiError:
    return ApiError(
        TOO_MANY_STREAMS,
        detail=f"Maximum {MOST} exports at once, of all accounts together",
        headers={"Retry-After": str(_RETRY_S)},
        retry_after=_RETRY_S,
        reset_at=moment(time() + _RETRY_S),
    )
