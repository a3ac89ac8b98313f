"""How a peer is given work: one JSON line an order, one JSON line an answer.

What is measured is the process between the two lines, so starting up counts for nobody.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def orders() -> Iterator[dict[str, Any]]:
    """Orders as they come, until there are no more."""
    for line in sys.stdin:
        yield json.loads(line)


def answer(done: int, **more: object) -> None:
    """Say that the order is done, and how much came out of it."""
    print(json.dumps({"done": done, **more}), flush=True)
