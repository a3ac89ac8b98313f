"""Real worker processes for tests, against the test's own servers and site."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from services.children import spawn, stop

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Sequence

PROJECT = Path(__file__).parent.parent
WORKER = (PROJECT / "manage.py", "worker")


def start_worker(
    *options: str,
    mongodb_uri: str,
    redis_url: str,
    site: str,
    log: Path,
    program: Sequence[str | Path] = WORKER,
    **variables: str,
) -> subprocess.Popen[bytes]:
    """A worker that takes abandoned jobs over after half a second."""
    environment = {
        **os.environ,
        "MONGODB_URI": mongodb_uri,
        "REDIS_URL": redis_url,
        "TIKTOK_URL": site,
        "JOB_CLAIM_S": "0.5",
        "EXTRACT_TIMEOUT_S": "2",
        **variables,
    }
    return spawn(
        [sys.executable, *program, *options],
        death_signal=signal.SIGKILL,
        log=log,
        environment=environment,
    )


@contextlib.contextmanager
def a_worker(
    *options: str,
    mongodb_uri: str,
    redis_url: str,
    site: str,
    log: Path,
    program: Sequence[str | Path] = WORKER,
    **variables: str,
) -> Iterator[subprocess.Popen[bytes]]:
    """The same, ended with the context."""
    worker = start_worker(
        *options,
        mongodb_uri=mongodb_uri,
        redis_url=redis_url,
        site=site,
        log=log,
        program=program,
        **variables,
    )
    try:
        yield worker
    finally:
        stop(worker, within_s=30)


async def until_ended(worker: subprocess.Popen[bytes], *, within_s: float) -> int:
    """The exit code of a worker, while the event loop goes on serving the site."""
    async with asyncio.timeout(within_s):
        while worker.poll() is None:
            await asyncio.sleep(0.05)
    return worker.returncode
