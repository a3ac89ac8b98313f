"""Measure and print one table: ``python -m bench [--only NAME]… [--rounds N]``."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING

import uvloop

from bench.ground import ground
from bench.programs import PEER_PYTHON
from bench.table import to_markdown

if TYPE_CHECKING:
    from bench.table import Row

NAMES = (
    "page",
    "crawl",
    "latency",
    "memory",
    "asking",
    "cached",
    "processes",
    "cold",
    "usage",
    "media",
    "crawls",
    "schedules",
    "lists",
    "exports",
    "questions",
    "history",
)


def main() -> None:
    """Run what was asked for; exit 1 when a row has not reached what it must."""
    asked = _read_arguments()
    if shutil.which("wrk") is None:
        sys.exit("the load comes from wrk: apt-get install wrk")
    if not PEER_PYTHON.exists():
        sys.exit("the peers are not installed: make bench installs them")
    rows = uvloop.run(_measure(asked.only or NAMES, rounds=asked.rounds))
    print(to_markdown(rows))
    sys.exit(0 if all(row.is_reached for row in rows) else 1)


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=NAMES, help="may be given repeatedly")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


async def _measure(names: tuple[str, ...], *, rounds: int) -> list[Row]:
    rows: list[Row] = []
    for name in names:
        began = time.monotonic()
        with ground() as place:
            rows += await import_module(f"bench.rows.{name}").measure(place, rounds)
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return rows


if __name__ == "__main__":
    main()
