"""Real scheduler processes for tests, on the test's own servers."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from services.children import spawn, stop

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

PROJECT = Path(__file__).parent.parent


def start_scheduler(
    *, mongodb_uri: str, redis_url: str, folder: Path, **variables: str
) -> subprocess.Popen[bytes]:
    """A ``manage.py scheduler``."""
    return spawn(
        [sys.executable, PROJECT / "manage.py", "scheduler"],
        death_signal=signal.SIGKILL,
        log=folder / "scheduler.log",
        environment={
            **os.environ,
            "DATA_DIR": str(folder),
            "MONGODB_URI": mongodb_uri,
            "REDIS_URL": redis_url,
            **variables,
        },
    )


@contextlib.contextmanager
def a_scheduler(
    *, mongodb_uri: str, redis_url: str, folder: Path, **variables: str
) -> Iterator[subprocess.Popen[bytes]]:
    """The same, ended with the context."""
    scheduler = start_scheduler(
        mongodb_uri=mongodb_uri, redis_url=redis_url, folder=folder, **variables
    )
    try:
        yield scheduler
    finally:
        stop(scheduler, within_s=30)
