"""A delivery: one message to one receiver, and the log of the attempts at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from crawler.jobs.webhooks.states import DeliveryState

if TYPE_CHECKING:
    from datetime import datetime

    from services.mongodb import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A delivery as it stands in the collection ``webhook_deliveries``."""

    id: str
    """The id of its message, the same at each attempt."""
    owner: str | None
    crawl: str
    endpoint: str
    url: str
    type: str
    body: str
    state: DeliveryState
    created_at: datetime
    next_at: datetime | None
    """When it is sent next; None when it is not."""
    ended_at: datetime | None
    lease: str | None
    """The sender that has it in hand."""
    tries: int
    """How often it was begun since it was made, or was last asked for by hand."""
    attempts: list[dict[str, Any]]
    """What came of each attempt that ended: ``at``, ``status``, ``error``, ``duration_ms``,
    ``response``."""

    @classmethod
    def of(cls, document: Document) -> Self:
        """The delivery as it was stored."""
        return cls(
            **{name: value for name, value in document.items() if name in cls.__slots__}
            | {"id": document["_id"], "state": DeliveryState(document["state"])}
        )
