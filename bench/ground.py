"""What everything is measured on: real databases, the test site, our own processes."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import socket
import tempfile
import time
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from bench.programs import OUR_PYTHON, ROOT
from crawler.links import Target, TargetType
from services import children
from services.mongodb import EmbeddedMongo
from services.redis import EmbeddedValkey

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncIterator, Iterator, Sequence

_READY_S = 30.0
_STOP_S = 25.0
_numbers = itertools.count()
_FIRST_ID = 7_200_000_000_000_000_000
# Spread over nine months in no order; an id that ends in 99 would be a photo post.
_ID_STEP = 71_111_111_000_000_100


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A process that listens."""

    url: str
    pid: int


class Ground:
    """Databases of our own in a folder that goes away afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mongo = EmbeddedMongo(folder / "mongodb", cache_gb=0.25)
        self._valkey = EmbeddedValkey(folder / "valkey")

    def start(self, stack: ExitStack) -> None:
        """Start both; the stack stops them."""
        for server in (self._mongo, self._valkey):
            server.start()
            stack.callback(server.stop)

    @property
    def mongodb_uri(self) -> str:
        """The address of MongoDB."""
        return self._mongo.uri

    @property
    def redis_url(self) -> str:
        """The address of Valkey."""
        return self._valkey.url

    @property
    def mongodb_pid(self) -> int:
        """The process of MongoDB."""
        return self._mongo.process.pid

    @property
    def redis_pid(self) -> int:
        """The process of Valkey."""
        return self._valkey.process.pid

    @property
    def redis_socket(self) -> Path:
        """The socket of Valkey."""
        return self._valkey.socket

    @contextmanager
    def site(self, *, latency_ms: int = 0) -> Iterator[Server]:
        """The test site in a process of its own."""
        port = free_port()
        command: list[str | Path] = [
            *(OUR_PYTHON, "-m", "tests.site"),
            *("--port", str(port), "--latency-ms", str(latency_ms)),
        ]
        with self._running(command, "site") as pid:
            _wait_until_open(port)
            yield Server(url=f"http://127.0.0.1:{port}", pid=pid)

    @contextmanager
    def worker(
        self, site: Server, *, connections: int, name: str = "worker", **more: str
    ) -> Iterator[int]:
        """A crawl worker whose bulk jobs hold that many connections; yields its process id.

        Bulk jobs hold three quarters of a worker's slots.
        """
        settings = {
            "TIKTOK_URL": site.url,
            "EGRESS_CONCURRENCY": str(-(-connections * 4 // 3)),
            **more,
        }
        with self._running([OUR_PYTHON, "manage.py", "worker"], name, **settings) as pid:
            yield pid

    @contextmanager
    def browser_worker(self, site: Server) -> Iterator[int]:
        """A worker with a browser; yields its process id."""
        command: list[str | Path] = [OUR_PYTHON, "manage.py", "worker", "--browser"]
        with self._running(command, "browser", TIKTOK_URL=site.url) as pid:
            yield pid

    @contextmanager
    def scheduler(self) -> Iterator[int]:
        """A scheduler; yields its process id."""
        with self._running([OUR_PYTHON, "manage.py", "scheduler"], "scheduler") as pid:
            yield pid

    @asynccontextmanager
    async def api(self, site: Server, *, processes: int = 1, **more: str) -> AsyncIterator[Server]:
        """The API as it is served; of several processes the id is that of their supervisor."""
        port = free_port()
        settings = {
            "TIKTOK_URL": site.url,
            "API_PORT": str(port),
            "API_PROCESSES": str(processes),
            **more,
        }
        with self._running([OUR_PYTHON, "manage.py", "serve"], f"api-{port}", **settings) as pid:
            _wait_until_open(port)
            server = Server(url=f"http://127.0.0.1:{port}", pid=pid)
            await _wait_until_healthy(server)
            yield server

    @contextmanager
    def server(self, *command: str | Path, port: int) -> Iterator[Server]:
        """A peer that listens on a port that it is told."""
        with self._running(command, "peer") as pid:
            _wait_until_open(port)
            yield Server(url=f"http://127.0.0.1:{port}", pid=pid)

    @contextmanager
    def _running(self, command: Sequence[str | Path], name: str, **settings: str) -> Iterator[int]:
        log = self.folder / f"{name}.log"
        process = children.spawn(
            ["/usr/bin/env", "-C", ROOT, *command],
            death_signal=signal.SIGTERM,
            log=log,
            environment={
                "PATH": os.defpath,
                "DATA_DIR": str(self.folder),
                "MONGODB_URI": self.mongodb_uri,
                "REDIS_URL": self.redis_url,
                **settings,
            },
        )
        try:
            yield process.pid
        except BaseException:
            print(f"--- {name}:", *_last_lines(log), sep="\n")
            raise
        finally:
            _stop(process)


@contextmanager
def ground() -> Iterator[Ground]:
    """Databases for one run of the bench."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
        made = Ground(Path(folder))
        made.start(stack)
        yield made


def new_targets(count: int) -> list[Target]:
    """Posts that nobody has asked for yet."""
    numbers = itertools.islice(_numbers, count)
    return [
        Target(type=TargetType.VIDEO, value=str(_FIRST_ID + number * _ID_STEP % 10**17))
        for number in numbers
    ]


def links(base: str, count: int) -> list[str]:
    """Addresses of posts that nobody has asked for yet."""
    return [base + target.page_path for target in new_targets(count)]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def open_connections(server: Server) -> int:
    """How many connections to a server are open, by the kernel's own table."""
    port = int(server.url.rpartition(":")[2])
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def _wait_until_open(port: int) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}")


async def _wait_until_healthy(server: Server) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(_READY_S):
        while True:
            async with session.get(f"{server.url}/health") as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.05)


def _last_lines(log: Path) -> list[str]:
    return log.read_text(errors="replace").splitlines()[-15:]


def _stop(process: subprocess.Popen[bytes]) -> None:
    children.stop(process, within_s=_STOP_S)
