from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from accounts.folding import Event, Folding

LAST_MS_OF_2026 = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp() * 1000) - 1


def event(**changes: Any) -> Event:
    return Event("acc_1", LAST_MS_OF_2026, 200, 1, 1, 7, "71", "key_1")._replace(**changes)


def fold(*events: Event) -> Folding:
    folding = Folding()
    folding.add(events)
    return folding


def updates_by_id(updates: list[Any]) -> dict[str, dict[str, Any]]:
    return {update._filter["_id"]: update._doc for update in updates}


def test_an_event_is_read_as_the_scripts_write_it() -> None:
    assert Event.read("acc_1 1764500000123 404 1 0 87 71 key_1") == Event(
        "acc_1", 1764500000123, 404, 1, 0, 87, "71", "key_1"
    )
    assert Event.read("acc_1 1764500000123 503 0 0 87  key_1").video_id == ""


def test_days_begin_at_midnight_utc() -> None:
    days = fold(event(), event(at=LAST_MS_OF_2026 + 1))

    assert set(updates_by_id(days.day_updates())) == {"acc_1:2026-12-31", "acc_1:2027-01-01"}


def test_accounts_are_kept_apart() -> None:
    days = fold(event(), event(account_id="acc_2", status=503, charged=0, cached=0))

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


def test_a_video_and_a_key_are_noted_with_their_last_moment() -> None:
    days = fold(event(), event(at=LAST_MS_OF_2026 - 999), event(video_id=""), event(status=404))

    (note,) = days.news()

    assert note == {
        "account_id": "acc_1",
        "date": "2026-12-31",
        "videos": [["71", 3, LAST_MS_OF_2026]],
        "keys": [["key_1", LAST_MS_OF_2026]],
    }


def test_a_call_that_turned_out_to_be_wrong_is_no_request_and_was_made_all_the_same() -> None:
    days = fold(event(status=400, charged=0, cached=0))

    (update,) = updates_by_id(days.day_updates()).values()

    assert update["$inc"] == {}
    assert update["$max"]["last_request_at"].isoformat() == "2026-12-31T23:59:59.999000+00:00"
    assert days.news()[0]["videos"] == []
