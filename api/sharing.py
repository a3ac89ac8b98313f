"""The folder in which the API processes of one socket keep their metrics together.

prometheus_client maps the files into memory, so the folder is in memory too where the system has
such a place: a disk that is full would end the process that writes, and a busy one delay it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""What prometheus_client reads when it is imported."""
_PREFIX = "tiktok-metrics-"
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder has a random name and one owner


@contextlib.contextmanager
def shared_folder() -> Iterator[Path]:
    """A new folder for this process' children; those left by processes that were killed go."""
    place = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    _clean(place)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def forget(folder: Path, pid: int) -> None:
    """Drop what a process that has ended said of itself; what it counted stays."""
    for file in folder.glob(f"gauge_live*_{pid}.db"):
        file.unlink(missing_ok=True)


def _clean(place: Path) -> None:
    for folder in place.glob(f"{_PREFIX}*"):
        owner = re.match(rf"{_PREFIX}(\d+)-", folder.name)
        if owner and not Path(f"/proc/{owner[1]}").exists():
            shutil.rmtree(folder, ignore_errors=True)
