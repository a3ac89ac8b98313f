"""What flows between the pipelines beside posts: users, hashtags, sounds and comments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines.documents.comment import Comment
from pipelines.documents.hashtag import Hashtag
from pipelines.documents.music import Music
from pipelines.documents.user import User

if TYPE_CHECKING:
    from crawler.items import RawItem

Document = User | Hashtag | Music | Comment


@dataclass(slots=True, kw_only=True)
class Entity:
    """A user, hashtag, sound or comment on its way to the store."""

    raw: RawItem
    document: Document = field(repr=False)
    is_snapshot_due: bool = False
    """Whether a user's statistics differ from the last snapshot; the store decides."""

    @property
    def id(self) -> str:
        """The id of its document."""
        return self.document.id
