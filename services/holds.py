"""Who holds a folder: an advisory lock that ends with the process that has it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING

from services.errors import DataInUseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def hold(path: Path, *, who: str, wait_s: float = 0) -> Iterator[int]:
    """Hold ``path`` and yield the descriptor that holds it.

    The lock belongs to the open file: a child that inherits the descriptor goes on holding after
    this context ends, until the child is gone.

    Raises:
        DataInUseError: somebody else has held it for all of ``wait_s`` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, path, wait_s=wait_s)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, who.encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path, *, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                holder = os.pread(descriptor, 200, 0).decode(errors="replace") or "another process"
                raise DataInUseError(f"{path.parent} is in use by {holder}") from None
            time.sleep(0.1)
        else:
            return
