from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from accounts.folding import Folding

LAST_MS_OF_2026 = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp() * 1000) - 1


def event(**changes: Any) -> dict[str, str]:
    fields = {
        "account": "acc_1",
        "at": LAST_MS_OF_2026,
        "status": 200,
        "cached": 1,
        "charged": 1,
        "elapsed_ms": 7,
        "video_id": "71",
    }
    return {name: str(value) for name, value in {**fields, **changes}.items()}


def fold(*events: dict[str, str]) -> Folding:
    folding = Folding()
    folding.add(events)
    return folding


def updates_by_id(updates: list[Any]) -> dict[str, dict[str, Any]]:
    return {update._filter["_id"]: update._doc for update in updates}


def test_days_begin_at_midnight_utc() -> None:
    days = fold(event(), event(at=LAST_MS_OF_2026 + 1))

    assert set(updates_by_id(days.day_updates())) == {"acc_1:2026-12-31", "acc_1:2027-01-01"}


def test_accounts_are_kept_apart() -> None:
    days = fold(event(), event(account="acc_2", status=503, charged=0, cached=0))

    folded = updates_by_id(days.day_updates())

    assert folded["acc_1:2026-12-31"]["$inc"] == {
        "total": 1,
        "successful": 1,
        "cached": 1,
        "charged": 1,
        "elapsed_ms": 7,
    }
    assert folded["acc_2:2026-12-31"]["$inc"] == {
        "total": 1,
        "failed": 1,
        "cached": 0,
        "charged": 0,
        "elapsed_ms": 7,
    }


def test_a_video_is_counted_with_its_last_moment() -> None:
    days = fold(event(), event(at=LAST_MS_OF_2026 - 999), event(video_id=""), event(status=404))

    (video,) = updates_by_id(days.video_updates()).values()

    assert video["$inc"] == {"requests": 3}
    assert video["$max"]["last_requested"].isoformat() == "2026-12-31T23:59:59.999000+00:00"
