"""Receivers as the sender knows them: how they fare, and whether they are switched off."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Self, cast

from pymongo import ReturnDocument

from accounts.paging import Page, read_page
from crawler.jobs.webhooks.collections import ENDPOINTS
from crawler.jobs.webhooks.states import OffReason

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

FAILING = timedelta(days=3)
"""How long nothing may succeed until an endpoint is switched off: as long as one delivery is
tried."""


class UnknownEndpointError(Exception):
    """The owner has no endpoint with this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An address that an owner's webhooks go to."""

    id: str
    owner: str | None
    url: str
    first_at: datetime
    last_success_at: datetime | None = None
    last_failure_at: datetime | None = None
    failing_since: datetime | None = None
    """When the first of the failures was after which nothing succeeded."""
    off_since: datetime | None = None
    """Since when nothing is sent there; None while it is on."""
    off_reason: OffReason | None = None

    @classmethod
    def of(cls, document: Document) -> Self:
        """The endpoint as it was stored."""
        known = {one.name: document[one.name] for one in fields(cls) if one.name in document}
        reason = document.get("off_reason")
        more = {"id": document["_id"], "off_reason": OffReason(reason) if reason else None}
        return cls(**known | more)


class Endpoints:
    """All endpoints; one is known from its first attempt on."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._documents = database[ENDPOINTS]

    async def page(
        self, owner: str | None, *, limit: int = 50, cursor: str | None = None
    ) -> Page[Endpoint]:
        """The owner's endpoints, newest first.

        Raises:
            CursorError: ``cursor`` is none that an earlier page gave.
        """
        query = {"owner": owner}
        page = await read_page(self._documents, query, by="first_at", limit=limit, cursor=cursor)
        return page.of(Endpoint.of)

    async def is_off(self, endpoint: str) -> bool:
        """Whether nothing is sent to this endpoint."""
        query = {"_id": endpoint, "off_since": {"$type": "date"}}
        return await self._documents.find_one(query, {"_id": 1}) is not None

    async def switch_on(self, endpoint: str, *, owner: str | None) -> Endpoint:
        """Send to an endpoint again, from its next delivery on.

        Raises:
            UnknownEndpointError: the owner has no such endpoint.
        """
        on = dict.fromkeys(("off_since", "off_reason", "failing_since"))
        found = await self._documents.find_one_and_update(
            {"_id": endpoint, "owner": owner}, {"$set": on}, return_document=ReturnDocument.AFTER
        )
        if found is None:
            raise UnknownEndpointError(endpoint)
        return Endpoint.of(found)

    async def succeeded(self, owner: str | None, url: str) -> None:
        """Note that a message arrived."""
        await self._note(owner, url, {"last_success_at": _now(), "failing_since": None})

    async def failed(self, owner: str | None, url: str, *, is_gone: bool) -> bool:
        """Note that a message did not arrive; True when that switches the endpoint off."""
        now = _now()
        since = {"$ifNull": ["$failing_since", now]}
        noted = await self._note(owner, url, {"last_failure_at": now, "failing_since": since})
        if noted.get("off_since") or not (is_gone or noted["failing_since"] <= now - FAILING):
            return False
        reason = OffReason.GONE if is_gone else OffReason.FAILING
        off = await self._documents.update_one(
            {"_id": noted["_id"], "off_since": None},
            {"$set": {"off_since": now, "off_reason": reason.value}},
        )
        return off.modified_count > 0

    async def _note(self, owner: str | None, url: str, changes: dict[str, Any]) -> Document:
        made = {
            "owner": owner,
            "url": {"$literal": url},
            "off_since": {"$ifNull": ["$off_since", None]},
        }
        noted = await self._documents.find_one_and_update(
            {"_id": endpoint_id(owner, url)},
            [{"$set": {"first_at": {"$ifNull": ["$first_at", _now()]}, **made, **changes}}],
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return cast("Document", noted)  # upserted, it is there


def endpoint_id(owner: str | None, url: str) -> str:
    """The id of what an owner's webhooks to one address have in common."""
    digest = blake2b(f"{owner or ''}\n{url}".encode(), digest_size=10)
    return f"whe_{digest.hexdigest()}"


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
