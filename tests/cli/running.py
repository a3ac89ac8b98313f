"""A real ``manage.py up``, as an operator starts it, and what can be seen of it from outside."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.ports import free_port

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator

PROJECT = Path(__file__).parent.parent.parent
PATIENCE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Everything that one data folder's ``manage.py up`` has started."""

    supervisor: subprocess.Popen[bytes]
    variables: dict[str, str]
    log: Path

    @property
    def folder(self) -> Path:
        """Where this site's data is."""
        return Path(self.variables["DATA_DIR"]) / "site-sample"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.variables['API_PORT']}"

    @property
    def site(self) -> str:
        """Where the sample site says that it has posts."""
        first = next(line for line in self.output.splitlines() if "listening on" in line)
        return f"{first.split()[-1]}/_site/posts"

    @property
    def output(self) -> str:
        return self.log.read_text()

    @property
    def servers(self) -> dict[str, Any]:
        """What is published now."""
        published: dict[str, Any] = json.loads((self.folder / "servers.json").read_text())
        return published

    @property
    def processes(self) -> dict[str, int]:
        """Process ids of the children by name."""
        return dict(self.servers["processes"])

    @property
    def curl_line(self) -> str:
        """The line that callers are told to paste."""
        return next(line for line in self.output.splitlines() if line.startswith("  curl "))

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command on the same data, in a process of its own."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env=self.variables | {"DATA_DIR": str(self.folder)},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def waiting(self, lane: str) -> int:
        """How many wait on a lane of the queue."""
        rows = json.loads(self.command("queue", "show", "--json").stdout)
        return next(int(row["waiting"]) for row in rows if row["lane"] == lane)

    def paste(self) -> dict[str, Any]:
        """What the curl line answers in a shell."""
        shell = subprocess.run(
            ["/bin/sh", "-c", self.curl_line], capture_output=True, timeout=PATIENCE_S, check=True
        )
        answer: dict[str, Any] = json.loads(shell.stdout)
        return answer

    def end(self, number: signal.Signals) -> int:
        """Send a signal and answer the exit code."""
        self.supervisor.send_signal(number)
        return self.supervisor.wait(PATIENCE_S)


@contextlib.contextmanager
def running(folder: Path, **variables: str) -> Iterator[Running]:
    """Start everything on the sample site, and end it again if the test has not."""
    log = folder / "up.log"
    environment = os.environ | {
        "DATA_DIR": str(folder / "data"),
        "API_PORT": str(free_port()),
        # It costs each start seconds, and tests of lists have one of their own.
        "BROWSER_WORKERS": "0",
        **variables,
    }
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--site", "sample"],
            env=environment,
            cwd=PROJECT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    started = Running(supervisor=supervisor, variables=environment, log=log)
    try:
        wait_until(lambda: "Ctrl-C ends" in started.output or supervisor.poll() is not None)
        assert supervisor.poll() is None, started.output
        yield started
    finally:
        supervisor.terminate()
        supervisor.wait(PATIENCE_S)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be so"
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    """Whether a process is there and not a mere zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
