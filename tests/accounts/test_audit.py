from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from pymongo.errors import WriteError

from accounts.accounts import Status
from accounts.audit import CLI, Audit, By, Record, What
from accounts.errors import CursorError, KeyStateError
from settings.plans import PlanName

if TYPE_CHECKING:
    from tests.accounts.conftest import Desk

KEY = By(who="key_of_somebody", request_id="req_1")


async def records(desk: Desk, account_id: str | None = None) -> list[Record]:
    return list(reversed((await Audit(desk.database).page(account_id, limit=100)).items))


async def test_each_change_leaves_a_record_of_who_did_what(desk: Desk) -> None:
    account = await desk.accounts.create("a@example.com", PlanName.FREE, by=CLI)
    key, secret = await desk.keys.issue(account.id, label="shop", allow=["10.0.0.1"], by=KEY)
    await desk.keys.edit(key.id, {"label": None, "allow": ["10.0.0.0/8"]}, by=KEY)
    rotation = await desk.keys.rotate(key.id, overlap_s=60, by=KEY)
    await desk.keys.revoke(key.id, by=CLI)
    await desk.accounts.change(
        account.id, plan=PlanName.PRO, status=Status.SUSPENDED, by=By(who="admin")
    )

    left = await records(desk, account.id)

    assert [record.what for record in left[:3]] == [
        What.ACCOUNT_CREATED,
        What.KEY_ISSUED,
        What.KEY_CHANGED,
    ]
    rotated, issued = sorted(left[3:5], key=lambda one: one.what, reverse=True)
    made, first, edited, *_, revoked, changed = left
    assert made.after == {"email": "a@example.com", "plan": "free", "status": "active"}
    assert (first.by, first.key_id, first.before) == (KEY, key.id, {})
    assert first.after == {"label": "shop", "allow": ["10.0.0.1/32"]}
    assert edited.before == {"label": "shop", "allow": ["10.0.0.1/32"]}
    assert edited.after == {"label": None, "allow": ["10.0.0.0/8"]}
    assert rotated.after == {
        "expires_at": rotation.old.expires_at,
        "replaced_by": rotation.new.id,
    }
    assert (issued.what, issued.key_id) == (What.KEY_ISSUED, rotation.new.id)
    assert (revoked.what, revoked.by) == (What.KEY_REVOKED, CLI)
    assert changed.by.who == "admin"
    assert changed.before == {"plan": "free", "status": "active"}
    assert changed.after == {"plan": "pro", "status": "suspended"}
    assert all(datetime.now(UTC) - record.at < timedelta(minutes=1) for record in left)
    stored = str([document async for document in desk.database.audit.find()])
    assert secret not in stored
    assert rotation.secret not in stored
    assert key.digest not in stored


async def test_what_changes_nothing_leaves_no_record(desk: Desk) -> None:
    account, _ = await desk.caller()
    before = len(await records(desk))

    await desk.accounts.set_plan(account.id, account.plan)
    await desk.accounts.set_status(account.id, Status.ACTIVE)

    assert len(await records(desk)) == before


async def test_what_is_refused_leaves_no_record(desk: Desk) -> None:
    account, _ = await desk.caller()
    (key,) = await desk.keys.list(account.id)
    await desk.keys.revoke(key.id)
    before = len(await records(desk))

    with pytest.raises(KeyStateError):
        await desk.keys.rotate(key.id)

    assert len(await records(desk)) == before
    assert len(await desk.keys.list(account.id)) == 1


async def test_records_come_a_page_at_a_time_and_none_is_missing(desk: Desk) -> None:
    account, _ = await desk.caller()
    await desk.caller()
    (key,) = await desk.keys.list(account.id)
    for number in range(5):
        await desk.keys.edit(key.id, {"label": str(number)})
    at = datetime(2026, 1, 1, tzinfo=UTC)
    await desk.database.audit.update_many({"account_id": account.id}, {"$set": {"at": at}})
    audit, seen, cursor = Audit(desk.database), list[str](), None

    while True:
        page = await audit.page(account.id, limit=3, cursor=cursor)
        seen += [record.id for record in page.items]
        cursor = page.cursor
        if cursor is None:
            break

    assert len(seen) == len(set(seen)) == 7


async def test_a_cursor_of_nobody_is_refused(desk: Desk) -> None:
    for cursor in ("", "x", "é", "bm8=", "OTk5OTk5OTk5OTk5OTk5OTk5OTkuYQ=="):
        with pytest.raises(CursorError):
            await Audit(desk.database).page(cursor=cursor)


async def test_a_record_without_who_is_not_kept(desk: Desk) -> None:
    with pytest.raises(WriteError, match=r"failed validation"):
        await desk.database.audit.insert_one({"_id": "aud_x", "what": "key_issued"})
