"""Machines for tests: network namespaces that reach each other by one wire, and nothing else.

Where namespaces cannot be made, which takes root, a machine is a set of processes on loopback.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cli.ports import free_port
from services.children import spawn, stop
from tests.proxy import pump

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

PROJECT = Path(__file__).parent.parent
NOWHERE = "/proc/nowhere"
"""Where root too can make no folder."""
_IP = shutil.which("ip") or "ip"
_BRIDGE = "machines"
_NETWORK = "198.18.77"
"""Of the addresses that are set aside for trying networks out."""
FIRST_MACHINE = f"{_NETWORK}.2"
_LOOPBACK = "127.0.0.1"

Wired = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def _ip(command: str) -> None:
    subprocess.run([_IP, *command.split()], check=True, capture_output=True)


@dataclass(kw_only=True)
class Machine:
    """One machine: its processes see its own network alone, and no folder of the tests."""

    name: str
    address: str
    log: Path
    has_wire: bool
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *arguments: str, **variables: str) -> None:
        """Start a ``manage.py`` of these arguments."""
        here = [_IP, *f"netns exec {self.name} unshare --uts".split()] if self.has_wire else []
        named = ["sh", "-c", 'hostname "$0"; exec "$@"', self.name] if self.has_wire else []
        self.processes.append(
            spawn(
                [*here, *named, sys.executable, PROJECT / "manage.py", *arguments],
                death_signal=signal.SIGKILL,
                log=self.log,
                environment={**os.environ, "DATA_DIR": NOWHERE, **variables},
            )
        )

    def vanish(self) -> None:
        """Go as when the power fails: nobody is told, not by the end of a connection either."""
        if self.has_wire:
            _ip(f"link set {self.name} down")
        for process in self.processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def stop(self) -> None:
        """End in order."""
        for process in self.processes:
            stop(process, within_s=20)


@dataclass(kw_only=True)
class Network:
    """Where machines are, and the place that all of them reach."""

    center: str
    has_wires: bool
    folder: Path
    machines: list[Machine] = field(default_factory=list)

    def add(self, name: str) -> Machine:
        """A machine with a wire to the center."""
        address = _LOOPBACK
        if self.has_wires:
            _take_down(name)
            address = f"{_NETWORK}.{len(self.machines) + 2}"
            _ip(f"netns add {name}")
            _ip(f"link add {name} type veth peer name wire netns {name}")
            _ip(f"link set {name} master {_BRIDGE} up")
            _ip(f"-n {name} address add {address}/24 dev wire")
            _ip(f"-n {name} link set wire up")
            _ip(f"-n {name} link set lo up")
        log = self.folder / f"{name}.log"
        machine = Machine(name=name, address=address, log=log, has_wire=self.has_wires)
        self.machines.append(machine)
        return machine

    async def stop(self) -> None:
        """End what runs on the machines, in order, while the center goes on serving them."""
        await asyncio.gather(*(asyncio.to_thread(one.stop) for one in self.machines))

    @contextlib.asynccontextmanager
    async def door(self, opening: Callable[[], Awaitable[Wired]]) -> AsyncIterator[int]:
        """A port of the center behind which is a server of the tests."""
        passing: set[asyncio.Task[None]] = set()

        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            upstream, there = await opening()
            with contextlib.closing(writer), contextlib.closing(there):
                await asyncio.gather(pump(reader, there), pump(upstream, writer))

        def enter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(pass_on(reader, writer))
            passing.add(task)
            task.add_done_callback(passing.discard)

        server = await asyncio.start_server(enter, self.center, free_port())
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in passing:
                task.cancel()
            await asyncio.gather(*passing, return_exceptions=True)


@contextlib.contextmanager
def a_network(folder: Path) -> Iterator[Network]:
    """A network, taken down with the context; its machines are to be stopped before."""
    has_wires = _has_namespaces()
    if has_wires:
        _take_down(_BRIDGE)
        _ip(f"link add {_BRIDGE} type bridge")
        _ip(f"address add {_NETWORK}.1/24 dev {_BRIDGE}")
        _ip(f"link set {_BRIDGE} up")
    center = f"{_NETWORK}.1" if has_wires else _LOOPBACK
    network = Network(center=center, has_wires=has_wires, folder=folder)
    try:
        yield network
    finally:
        if has_wires:
            _take_down(_BRIDGE, *(machine.name for machine in network.machines))


def _take_down(*names: str) -> None:
    """Take interfaces and namespaces away, those of a run that was killed too.

    A namespace itself lives on for as long as connections of its dead processes do.
    """
    for name in names:
        for kind in ("link", "netns"):
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip(f"{kind} delete {name}")


def _has_namespaces() -> bool:
    """Whether they can be made here."""
    try:
        _ip(f"netns add {_BRIDGE}")
        _ip(f"netns delete {_BRIDGE}")
    except (OSError, subprocess.CalledProcessError):
        return False
    return True
