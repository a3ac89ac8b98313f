"""When a user's counters are news: what a user's document keeps of the last snapshot.

A search tells a user's followers alone, a profile all counters. So only what an observation knows
is compared with the last snapshot and replaced in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bson import ObjectId

    from services.mongodb import Document

_EXACT = "exact"


def has_counters(user: Document) -> bool:
    """Whether an observed user has any counter."""
    return bool(_known(user))


def snapshot_at_first(user: Document, commit: ObjectId) -> Document:
    """What a new document begins with."""
    if not has_counters(user):
        return {}
    about = {"observed_at": user["observed_at"], "commit": commit}
    return {"snapshot": {"statistics": user["statistics"], **about}}


def snapshot_update(user: Document, commit: ObjectId) -> Document:
    """The update of the last snapshot, carried out only where a known counter differs."""
    known = _known(user)
    differs = [{f"snapshot.statistics.{name}": {"$ne": value}} for name, value in known.items()]
    about = {"observed_at": user["observed_at"], "commit": commit}
    known[_EXACT] = user["statistics"][_EXACT]
    return {
        "q": {"_id": user["_id"], "observed_at": user["observed_at"], "$or": differs},
        "u": {
            "$set": {f"snapshot.statistics.{name}": value for name, value in known.items()}
            | {f"snapshot.{name}": value for name, value in about.items()}
        },
    }


def _known(user: Document) -> dict[str, Any]:
    return {
        name: value
        for name, value in user["statistics"].items()
        if value is not None and name != _EXACT
    }
