"""Which version this is; the project's own file is the one place that says so."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

_PROJECT = Path(__file__).parent.parent / "pyproject.toml"


@cache
def version() -> str:
    """The version, such as ``1.0.0``."""
    return str(tomllib.loads(_PROJECT.read_text())["project"]["version"])
