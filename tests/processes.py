"""Real API processes for tests, on the test's own servers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import ClientError, ClientSession

from cli.ports import free_port
from services.children import spawn

if TYPE_CHECKING:
    import subprocess

PROJECT = Path(__file__).parent.parent


@dataclass(slots=True, kw_only=True)
class Serving:
    """One ``manage.py serve`` on a port of its own, which it has again when started anew."""

    mongodb_uri: str
    redis_url: str
    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, *, mongodb_uri: str, redis_url: str, folder: Path) -> Serving:
        port = free_port()
        return cls(
            mongodb_uri=mongodb_uri,
            redis_url=redis_url,
            folder=folder,
            port=port,
            process=_spawn(mongodb_uri, redis_url, folder, port),
        )

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """End it with no chance to say anything."""
        self.process.kill()
        self.process.wait()

    def start_again(self) -> None:
        self.process = _spawn(self.mongodb_uri, self.redis_url, self.folder, self.port)

    async def until_healthy(self, session: ClientSession) -> None:
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(ClientError, OSError):
                    async with session.get(f"{self.address}/health") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.05)


def _spawn(mongodb_uri: str, redis_url: str, folder: Path, port: int) -> subprocess.Popen[bytes]:
    return spawn(
        [sys.executable, PROJECT / "manage.py", "serve"],
        death_signal=signal.SIGKILL,
        log=folder / f"api-{port}.log",
        environment={
            **os.environ,
            "DATA_DIR": str(folder),
            "MONGODB_URI": mongodb_uri,
            "REDIS_URL": redis_url,
            "API_PORT": str(port),
        },
    )
