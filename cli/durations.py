"""Lengths of time as operators write them."""

from __future__ import annotations

import re
from typing import Any

import click

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 24 * 3600}


class Duration(click.ParamType[int]):
    """``90s``, ``30m``, ``24h`` or ``7d``, in seconds; a bare number has seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Seconds."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d{1,9})([smhd]?)", value.strip())
        if found is None:
            self.fail(f"{value!r} is no length of time: expected such as 90s, 30m, 24h or 7d")
        return int(found[1]) * _UNITS[found[2]]
