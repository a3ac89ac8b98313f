"""Load from wrk, and what it saw."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.programs import ROOT, output_of

if TYPE_CHECKING:
    from pathlib import Path

    from bench.ground import Server

_SCRIPT = ROOT / "bench" / "extract.lua"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a server held."""

    rate: float
    """Requests a second."""
    p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrk:
    """Who asks for what."""

    keys: Path
    links: Path

    async def load(self, server: Server, *, connections: int, duration_s: int) -> Load:
        """Ask as fast as the server answers; every answer must be a 200."""
        asking = ["wrk", "-t1", f"-c{connections}", f"-d{duration_s}s", "--timeout", "10s"]
        printed = await output_of([*asking, "-s", _SCRIPT, server.url, "--", self.keys, self.links])
        seen = json.loads(printed.splitlines()[-1])
        failed = seen.pop("failed")
        assert not failed, f"{failed} requests failed: {printed.decode()}"
        return Load(**seen)
