"""What flows between the pipelines: a raw post together with its document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.items import RawVideo
    from pipelines.documents.video import Video


@dataclass(slots=True, kw_only=True)
class Post:
    """A post on its way to the store."""

    raw: RawVideo
    video: Video = field(repr=False)
    is_snapshot_due: bool = False
    """Whether its statistics differ from the last snapshot; the store decides."""

    @property
    def id(self) -> str:
        """The id of its document."""
        return self.video.id
