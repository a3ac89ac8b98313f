"""A line on standard error that shows how far long work is."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import TaskID

    from analysis.rollups.rolling import Step


@contextlib.contextmanager
def progress_bar(what: str, *, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar, and yield what is told how much is done by now."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task(what, total=total)
        yield lambda done: progress.update(bar, completed=done)


@contextlib.contextmanager
def step_bars(*, is_quiet: bool) -> Iterator[Callable[[Step], None]]:
    """Show a bar for each part of long work, and yield what is told of its steps."""
    with Progress(console=Console(stderr=True), transient=True, disable=is_quiet) as progress:
        bars: dict[str, TaskID] = {}

        def tell(step: Step) -> None:
            if step.what not in bars:
                bars[step.what] = progress.add_task(step.what, total=step.of)
            progress.update(bars[step.what], completed=step.done, total=step.of)

        yield tell
