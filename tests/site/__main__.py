"""Run the site: ``python -m tests.site [--port N] [--folder RECORDED]``."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import os
import signal
from pathlib import Path

from tests.site.app import Site

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve until SIGTERM or SIGINT, and say where on one line."""
    asked = _read_arguments()
    if asked.parent_death:
        _die_with_parent()
    site = Site(folder=asked.folder, latency_ms=asked.latency_ms, host=asked.host, port=asked.port)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(site))


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.site", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--folder", type=Path, help="recorded responses to replay")
    parser.add_argument("--latency-ms", type=int, default=0, help="what every answer waits")
    parser.add_argument("--parent-death", action="store_true", help="end with the parent")
    return parser.parse_args()


def _die_with_parent() -> None:
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        raise SystemExit("the parent is gone")


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.Loop


async def _serve(site: Site) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with site:
        print(f"listening on {site.url}", flush=True)
        await ended.wait()


if __name__ == "__main__":
    main()
