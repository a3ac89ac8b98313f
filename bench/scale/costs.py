"""What one page costs each part, as :mod:`bench.scale.measuring` found it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

MEASURED = Path(__file__).with_name("costs.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Means over the posts of one crawl; bytes on disk are compressed and with their indexes."""

    worker_ms: float
    """Processor time of the worker for a page, from the queue to stored, in milliseconds."""
    scheduler_ms: float
    """Processor time of the process that conducts the crawl."""
    mongodb_ms: float
    """Processor time of MongoDB's primary."""
    redis_ms: float
    """Processor time of Redis."""
    wire_bytes: int
    """A page as it comes from TikTok, compressed with gzip."""
    worker_mb: float
    """The resident set of a worker at the end, in megabytes."""
    scheduler_mb: float
    video_bytes: int
    """A post's document."""
    raw_bytes: int
    """A post's raw item."""
    row_bytes: int
    """The first row of a post's statistics."""
    later_row_bytes: int
    """Each further row of the same post, taken hourly."""
    entry_bytes: int
    """A crawl's target with its outcome, and the item that it delivered."""
    redis_bytes: int
    """A job that waits on the queue, in the memory of Redis."""

    @classmethod
    def read(cls, path: Path = MEASURED) -> Self:
        """The figures that were measured last."""
        return cls(**json.loads(path.read_text()))

    def write(self, path: Path = MEASURED) -> None:
        """Keep the figures."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")
