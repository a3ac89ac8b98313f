"""How rows get into a roll-up: whoever computed them last is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.views.view import Pipeline


def written(into: str) -> Pipeline:
    """The end of a pipeline that makes rows.

    Two may make the same rows at once: those stay that were begun later, for they are of more.
    """
    newer = {"$gte": ["$$new.rolled_at", "$rolled_at"]}
    return [
        {
            "$merge": {
                "into": into,
                "whenMatched": [{"$replaceWith": {"$cond": [newer, "$$new", "$$ROOT"]}}],
            }
        }
    ]
