"""Print the tables of docs/scale.md: ``python -m bench.scale [--measure]``."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import Any

import uvloop

from bench.scale.costs import Costs
from bench.scale.measuring import measure
from bench.scale.needs import Assumptions
from bench.scale.report import tables


def main() -> None:
    """Print what the last measurement makes of the assumptions, or measure anew first."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--measure", action="store_true", help="measure costs.json anew: 2 minutes")
    for field in fields(Assumptions):
        kind = type(field.default)
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=kind, default=field.default)
    asked: dict[str, Any] = vars(parser.parse_args())
    if asked.pop("measure"):
        uvloop.run(measure()).write()
    for name, table in tables(Costs.read(), Assumptions(**asked)).items():
        print(f"{name}\n\n{table}\n")


if __name__ == "__main__":
    main()
