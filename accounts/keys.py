"""API keys: shown once, kept as a digest."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypedDict

from accounts.audit import SYSTEM, By, Record, What, changed
from accounts.cached import cached_key
from accounts.changes import Change, Changes
from accounts.collections import ACCOUNTS, KEYS
from accounts.errors import (
    AccountsError,
    KeyNotFoundError,
    KeyStateError,
    TooManyKeysError,
    UnknownAccountError,
)
from accounts.key import Key, KeyStatus, read_key
from accounts.networks import networks
from accounts.paging import Page, read_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

MAX_KEYS = 20
"""Keys that work, for one account; those that were rotated do not count."""
OVERLAP_S = 24 * 3600
"""How long a rotated key goes on working unless something else is asked for."""
MAX_OVERLAP_S = 30 * 24 * 3600
_RANDOM_BYTES = 24
_HINT_LENGTH = 8


class Edit(TypedDict, total=False):
    """What is to be changed of a key."""

    label: str | None
    allow: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A key in another's place."""

    old: Key
    new: Key
    secret: str


def mint() -> str:
    """A new key: ``tk_`` and 192 random bits."""
    return f"tk_{secrets.token_urlsafe(_RANDOM_BYTES)}"


def digest(key: str) -> str:
    """What is kept of a key: its SHA-256, hexadecimal. The key's own randomness is its salt."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


class Keys:
    """The keys in MongoDB; with Redis given, a change is seen at once everywhere.

    Each change leaves a record in the audit. Where ``of`` names an account, keys of others are as
    unknown as those that nobody has.
    """

    def __init__(self, database: AsyncDatabase[Document], redis: Redis | None = None) -> None:
        self._keys = database[KEYS]
        self._accounts = database[ACCOUNTS]
        self._changes = Changes(database, redis)

    async def issue(
        self,
        account_id: str,
        *,
        label: str | None = None,
        expires_at: datetime | None = None,
        allow: Sequence[str] = (),
        by: By = SYSTEM,
    ) -> tuple[Key, str]:
        """A new key and its secret, which nobody can show again.

        Raises:
            AccountsError: a network of ``allow`` is none.
            TooManyKeysError: the account has :data:`MAX_KEYS` that work.
            UnknownAccountError: there is no such account.
        """
        key, secret = _make(account_id, label=label, expires_at=expires_at, allow=networks(allow))

        async def write(session: AsyncClientSession) -> Change[Key]:
            await self._make_room(account_id, session, replaced_by=None)
            await self._keys.insert_one(key.stored(), session=session)
            return Change(result=key, records=[_issued(key, by)])

        await self._changes.carry_out(write)
        return key, secret

    async def find_by_digest(self, key_digest: str) -> Key | None:
        """The key with this digest, unless it was revoked."""
        document = await self._keys.find_one({"digest": key_digest, "revoked_at": None})
        return read_key(document) if document is not None else None

    async def list(self, account_id: str) -> list[Key]:
        """All keys of an account, revoked ones too, oldest first."""
        found = self._keys.find({"account_id": account_id}).sort("created_at", 1)
        return [read_key(document) async for document in found]

    async def page(
        self, account_id: str, *, limit: int = 50, cursor: str | None = None
    ) -> Page[Key]:
        """Keys of an account, revoked ones too, newest first.

        Raises:
            CursorError: ``cursor`` is none that an earlier page gave.
        """
        query = {"account_id": account_id}
        page = await read_page(self._keys, query, by="created_at", limit=limit, cursor=cursor)
        return page.of(read_key)

    async def revoke(self, key_id: str, *, of: str | None = None, by: By = SYSTEM) -> Key:
        """End a key, with effect from the next call; one that is revoked stays so.

        Raises:
            KeyNotFoundError: there is no such key.
        """

        async def write(session: AsyncClientSession) -> Change[Key]:
            key = await self._find(key_id, of, session)
            revoked = replace(key, revoked_at=key.revoked_at or _now())
            return await self._put(key, revoked, What.KEY_REVOKED, by, session)

        key, is_told = await self._changes.carry_out(write)
        return replace(key, is_told=is_told)

    async def edit(self, key_id: str, edit: Edit, *, of: str | None = None, by: By = SYSTEM) -> Key:
        """Change a key's label or its networks, with effect from the next call.

        Raises:
            AccountsError: a network is none.
            KeyNotFoundError: there is no such key.
            KeyStateError: it does not work any more.
        """
        wish: dict[str, Any] = {**edit}
        if "allow" in edit:
            wish["allow"] = networks(edit["allow"])

        async def write(session: AsyncClientSession) -> Change[Key]:
            key = await self._find(key_id, of, session)
            _check_works(key)
            return await self._put(key, replace(key, **wish), What.KEY_CHANGED, by, session)

        key, is_told = await self._changes.carry_out(write)
        return replace(key, is_told=is_told)

    async def rotate(
        self,
        key_id: str,
        *,
        overlap_s: int = OVERLAP_S,
        of: str | None = None,
        by: By = SYSTEM,
    ) -> Rotation:
        """Issue a key like this one, which works for ``overlap_s`` more; 0 revokes it at once.

        Raises:
            AccountsError: the overlap is negative or exceeds :data:`MAX_OVERLAP_S`.
            KeyNotFoundError: there is no such key.
            KeyStateError: it does not work any more, or was rotated before.
            TooManyKeysError: with it, twice :data:`MAX_KEYS` would work, rotated ones too.
        """
        if not 0 <= overlap_s <= MAX_OVERLAP_S:
            raise AccountsError(f"an overlap has 0 to {MAX_OVERLAP_S} seconds, not {overlap_s}")

        async def write(session: AsyncClientSession) -> Change[Rotation]:
            key = await self._find(key_id, of, session)
            _check_works(key)
            if key.replaced_by is not None:
                raise KeyStateError(f"the key {key.id} was rotated to {key.replaced_by} already")
            if overlap_s:
                await self._make_room(key.account_id, session, maximum=2 * MAX_KEYS)
            new, secret = _make(
                key.account_id, label=key.label, expires_at=key.expires_at, allow=key.allow
            )
            await self._keys.insert_one(new.stored(), session=session)
            old = _ending(replace(key, replaced_by=new.id), overlap_s)
            put = await self._put(key, old, What.KEY_ROTATED, by, session)
            rotation = Rotation(old=old, new=new, secret=secret)
            records = [*put.records, _issued(new, by)]
            return Change(result=rotation, records=records, stale=put.stale)

        rotation, is_told = await self._changes.carry_out(write)
        return replace(rotation, old=replace(rotation.old, is_told=is_told))

    async def _find(self, key_id: str, of: str | None, session: AsyncClientSession) -> Key:
        query = {"_id": key_id} if of is None else {"_id": key_id, "account_id": of}
        document = await self._keys.find_one(query, session=session)
        if document is None:
            raise KeyNotFoundError(f"there is no key {key_id!r}: `key list WHO` shows an account's")
        return read_key(document)

    async def _put(
        self, old: Key, new: Key, what: What, by: By, session: AsyncClientSession
    ) -> Change[Key]:
        """Store what differs, and nothing if nothing does; Redis is told in either case."""
        before, after = changed(old.variable(), new.variable())
        records = []
        if after:
            await self._keys.update_one({"_id": old.id}, {"$set": after}, session=session)
            records.append(
                Record(
                    what=what,
                    account_id=old.account_id,
                    key_id=old.id,
                    by=by,
                    before=before,
                    after=after,
                )
            )
        return Change(result=new, records=records, stale=cached_key(old.digest))

    async def _make_room(
        self, account_id: str, session: AsyncClientSession, *, maximum: int = MAX_KEYS, **more: Any
    ) -> None:
        """See to it that one more key is not too many; others who do so at once wait."""
        account = await self._accounts.update_one(
            {"_id": account_id}, {"$inc": {"keys_issued": 1}}, session=session
        )
        if not account.matched_count:
            raise UnknownAccountError(f"there is no account {account_id!r}")
        works = {"revoked_at": None, "$or": [{"expires_at": None}, {"expires_at": {"$gt": _now()}}]}
        query = {"account_id": account_id, **works, **more}
        if await self._keys.count_documents(query, session=session) >= maximum:
            raise TooManyKeysError(
                f"the account has {maximum} keys, which is the most: revoke one that is not used"
            )


def _make(
    account_id: str, *, label: str | None, expires_at: datetime | None, allow: tuple[str, ...]
) -> tuple[Key, str]:
    secret = mint()
    key = Key(
        id=f"key_{secrets.token_hex(8)}",
        account_id=account_id,
        digest=digest(secret),
        hint=secret[:_HINT_LENGTH],
        label=label,
        created_at=_now(),
        expires_at=expires_at,
        revoked_at=None,
        allow=allow,
    )
    return key, secret


def _ending(key: Key, overlap_s: int) -> Key:
    """The key with its end brought forward; at once is independent of anybody's clock."""
    if not overlap_s:
        return replace(key, revoked_at=_now())
    end = _now() + timedelta(seconds=overlap_s)
    return replace(key, expires_at=min(end, key.expires_at or end))


def _check_works(key: Key) -> None:
    status = key.status(datetime.now(UTC))
    if status is not KeyStatus.ACTIVE:
        raise KeyStateError(f"the key {key.id} is {status.value}: issue a new one")


def _issued(key: Key, by: By) -> Record:
    after = {name: value for name, value in key.variable().items() if value}
    return Record(
        what=What.KEY_ISSUED, account_id=key.account_id, key_id=key.id, by=by, after=after
    )


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
