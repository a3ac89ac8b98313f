"""The hashtags that a sample's posts bear, as documents of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.sample.creators import LAYOUT, SPIDER
from pipelines.documents.hashtag import Hashtag, HashtagStatistics
from pipelines.documents.mongo import to_mongo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from analysis.sample.plan import Plan
    from services.mongodb import Document

_FIRST_ID = 10_000


def hashtag_documents(plan: Plan, borne: Mapping[str, int]) -> Iterator[Document]:
    """A document for each; ``borne`` says by how many of the sample's posts."""
    rng = plan.drawing("hashtags")
    for place, (name, posts) in enumerate(sorted(borne.items())):
        everywhere = int(posts * rng.uniform(300, 30_000))
        yield to_mongo(
            Hashtag(
                id=name,
                hashtag_id=str(_FIRST_ID + 37 * place),
                name=name,
                url=f"https://www.tiktok.com/tag/{name}",
                commerce=False,
                statistics=HashtagStatistics(
                    views=int(everywhere * rng.uniform(2_000, 40_000)),
                    videos=everywhere,
                    exact=True,
                ),
                layout=LAYOUT,
                spider=SPIDER,
                observed_at=plan.until,
                first_seen_at=plan.since,
            )
        )
