"""Programs that are measured: their processor time and memory, and how they are given work."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

ROOT = Path(__file__).parent.parent
OUR_PYTHON = ROOT / ".venv" / "bin" / "python"
PEER_PYTHON = ROOT / ".bench-venv" / "bin" / "python"
_CPUCLOCK_SCHED = 2
_LINE_LIMIT = 16 * 1024 * 1024


def cpu_s(pid: int) -> float:
    """User and system time that a process, all its threads included, has used so far."""
    return time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED)


def resident_mb(pid: int) -> float:
    """The resident set of a process in megabytes (10⁶ bytes)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"process {pid} is gone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What some work took a program."""

    count: int
    wall_s: float
    cpu_s: float

    @property
    def rate(self) -> float:
        """Pieces of work a second."""
        return self.count / self.wall_s

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of processor time for each piece."""
        return self.cpu_s * 1000 / self.count


class Peer:
    """A warm program that reads one order a line and answers each with one line of JSON."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def tell(self, order: dict[str, Any]) -> dict[str, Any]:
        """Give an order and return the answer."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(order).encode() + b"\n")
        line = await process.stdout.readline()
        if not line:
            raise RuntimeError("the peer has ended: see its output above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def work(self, order: dict[str, Any], *, count: int) -> Effort:
        """Give an order of ``count`` pieces and measure it."""
        pid, cpu, wall = self._process.pid, cpu_s(self._process.pid), time.perf_counter()
        answer = await self.tell(order)
        effort = Effort(count=count, wall_s=time.perf_counter() - wall, cpu_s=cpu_s(pid) - cpu)
        assert answer["done"] == count, f"{answer['done']} of {count} came out"
        return effort


@asynccontextmanager
async def peer(module: str, *arguments: str, python: Path = OUR_PYTHON) -> AsyncIterator[Peer]:
    """Run a module of ``bench.peers`` that takes orders; it ends when its input does."""
    process = await asyncio.create_subprocess_exec(
        python,
        *("-m", f"bench.peers.{module}", *arguments),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        limit=_LINE_LIMIT,
    )
    assert process.stdin is not None
    try:
        yield Peer(process)
    finally:
        process.stdin.close()
        await process.wait()


async def output_of(command: Sequence[str | Path], *, folder: Path = ROOT) -> bytes:
    """Run a program to its end and return what it printed.

    Raises:
        RuntimeError: it failed; the text is what it said.
    """
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    printed, said = await process.communicate()
    if process.returncode:
        raise RuntimeError(said.decode(errors="replace")[-2000:])
    return printed
