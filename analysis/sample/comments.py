"""The comments of a sample, and replies to them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from analysis.sample.creators import LAYOUT, SPIDER
from pipelines.documents.comment import Comment, CommentAuthor
from pipelines.documents.mongo import to_mongo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analysis.sample.creators import Cast
    from analysis.sample.plan import Plan
    from services.mongodb import Document

_REPLY, _LIKED, _PINNED, _ABROAD = 0.25, 0.06, 0.02, 0.2
_FIRST_ID = 7_100_000_000_000_000_000
_LANGUAGES = ("en", "es", "pt")


class Comments:
    """Makes the comments of one post after the other."""

    def __init__(self, plan: Plan, cast: Cast) -> None:
        self._average = plan.comments
        self._cast = cast
        self._rng = plan.drawing("comments")

    def of(self, post: Document) -> Iterator[Document]:
        """Those of a post, written until it was seen last."""
        rng = self._rng
        above: str | None = None
        for writer in self._cast.drawn(int(rng.expovariate(1) * self._average + rng.random()), rng):
            age = post["observed_at"] - post["created_at"]
            is_reply = above is not None and rng.random() < _REPLY
            comment_id = str(_FIRST_ID + rng.getrandbits(57))
            yield to_mongo(
                Comment(
                    id=comment_id,
                    video_id=post["_id"],
                    parent_id=above if is_reply else None,
                    author=CommentAuthor(
                        id=writer.id,
                        username=writer.username,
                        nickname=writer.author["nickname"],
                        verified=writer.author["verified"],
                    ),
                    text=rng.choice(writer.country.remarks),
                    language=writer.country.language,
                    likes=int(rng.paretovariate(0.7)) - 1,
                    reply_count=None if is_reply else 0,
                    pinned=rng.random() < _PINNED,
                    liked_by_author=rng.random() < _LIKED,
                    created_at=post["created_at"]
                    + timedelta(seconds=int(age.total_seconds() * rng.random())),
                    created_at_source="page",
                    layout=LAYOUT,
                    spider=SPIDER,
                    observed_at=post["observed_at"],
                    first_seen_at=post["observed_at"],
                )
            )
            above = above if is_reply else comment_id
