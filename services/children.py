"""Child processes that never outlive their parent."""

from __future__ import annotations

import ctypes
import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with(parent: int, death_signal: int) -> Callable[[], None]:
    def prepare() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:
            os.kill(os.getpid(), death_signal)

    return prepare


def spawn(
    command: Sequence[str | Path],
    *,
    death_signal: signal.Signals,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
    keep: Sequence[int] = (),
    output: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process that gets ``death_signal`` as soon as this one is gone, however it goes.

    Linux ties the signal to the thread that forks, so call this from the main thread only. The
    child leads a process group of its own: a Ctrl-C at the terminal reaches the parent alone,
    which then stops its children in order. ``keep`` names file descriptors that the child
    inherits; ``log`` takes all its output, the descriptor ``output`` what it writes to stdout; what
    neither takes goes where the parent's goes.
    """
    logged = log.open("ab") if log is not None else None
    try:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=logged or output,
            stderr=subprocess.STDOUT if logged else None,
            env=dict(environment) if environment is not None else None,
            pass_fds=tuple(keep),
            process_group=0,
            preexec_fn=_die_with(os.getpid(), death_signal),  # noqa: PLW1509 - main thread only
        )
    finally:
        if logged is not None:
            logged.close()


def stop(process: subprocess.Popen[bytes], *, within_s: float) -> int:
    """Ask a process to end, kill it after ``within_s`` seconds, and answer its exit code."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
