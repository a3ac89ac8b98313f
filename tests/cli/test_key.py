from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

if TYPE_CHECKING:
    from tests.cli.conftest import Command, JsonCommand

EMAIL = "ada@example.com"


@pytest.fixture(autouse=True)
def account(on_servers: None, json_command: JsonCommand) -> None:
    json_command("account", "create", "--email", EMAIL, "--plan", "pro")


def test_a_key_is_issued_with_its_label_end_and_networks(json_command: JsonCommand) -> None:
    made = json_command(
        *("key", "issue", EMAIL, "--label", "shop", "--expires", "2027-01-01T00:00:00Z"),
        *("--allow-ip", "203.0.113.0/24", "--allow-ip", "2001:db8::/32"),
    )
    assert list(made) == ["key_id", "account_id", "key"]

    first, issued = json_command("key", "list", EMAIL)
    assert first["label"] == "first key"
    assert issued["id"] == made["key_id"]
    assert made["key"].startswith(issued["begins"])
    assert issued["label"] == "shop"
    assert issued["expires_at"] == "2027-01-01T00:00:00Z"
    assert issued["allow"] == ["203.0.113.0/24", "2001:db8::/32"]


def test_a_key_is_kept_nowhere(command: Command, json_command: JsonCommand) -> None:
    made = json_command("key", "issue", EMAIL)
    assert made["key"] not in command("key", "list", EMAIL).stdout
    assert made["key"] not in command("key", "list", EMAIL, "--json").stdout


def test_a_revoked_key_stays_on_the_list(command: Command, json_command: JsonCommand) -> None:
    made = json_command("key", "issue", EMAIL)
    assert command("key", "revoke", made["key_id"]).stdout == f"{made['key_id']} is revoked\n"
    first, revoked = json_command("key", "list", EMAIL)
    assert first["revoked_at"] is None
    assert revoked["revoked_at"] is not None


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (("issue", "nobody@example.com"), 1),
        (("issue", EMAIL, "--allow-ip", "everywhere"), 1),
        (("issue", EMAIL, "--expires", "tomorrow"), 2),
        (("list", "nobody@example.com"), 1),
        (("revoke", "key_of_nobody"), 1),
        (("rotate", "key_of_nobody"), 1),
        (("rotate", "key_of_nobody", "--overlap", "tomorrow"), 2),
        (("rotate", "key_of_nobody", "--overlap", "31d"), 1),
        (("allow-ip", "key_of_nobody", "10.0.0.1"), 1),
        (("allow-ip", "key_of_nobody", "everywhere"), 1),
        (("allow-ip", "key_of_nobody"), 2),
        (("allow-ip", "key_of_nobody", "10.0.0.1", "--any"), 2),
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: tuple[str, ...], exit_code: int, command: Command
) -> None:
    result = command("key", *arguments)
    assert result.exit_code == exit_code
    assert result.stdout == ""
    assert result.stderr


def test_a_key_is_rotated_and_the_old_one_works_for_a_while(
    command: Command, json_command: JsonCommand
) -> None:
    old = json_command("key", "issue", EMAIL, "--label", "shop", "--allow-ip", "10.0.0.0/8")

    made = json_command("key", "rotate", old["key_id"], "--overlap", "30m")

    assert list(made) == ["key_id", "account_id", "key", "replaces", "old_ends_at"]
    keys = {one["id"]: one for one in json_command("key", "list", EMAIL)}
    before, after = keys[old["key_id"]], keys[made["key_id"]]
    assert before["replaced_by"] == made["key_id"]
    assert before["expires_at"] == made["old_ends_at"]
    assert (before["status"], after["status"]) == ("active", "active")
    assert (after["label"], after["allow"]) == ("shop", ["10.0.0.0/8"])
    told = command("key", "rotate", made["key_id"], "--overlap", "0").stdout
    assert "\nKeep it now: it cannot be shown again." in told
    assert f"{made['key_id']} works until 20" in told


def test_the_list_tells_when_a_key_was_last_used(
    json_command: JsonCommand, mongodb_uri: str
) -> None:
    used_at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    with MongoClient[Any](mongodb_uri) as client:
        client.get_default_database().keys.update_one({}, {"$set": {"last_used_at": used_at}})

    (first,) = json_command("key", "list", EMAIL)

    assert first["last_used_at"] == "2026-01-02T03:04:05Z"


def test_a_key_is_limited_to_networks_and_opened_again(
    command: Command, json_command: JsonCommand
) -> None:
    (key,) = json_command("key", "list", EMAIL)

    limited = command("key", "allow-ip", key["id"], "203.0.113.7", "2001:DB8::/32")
    assert limited.stdout == f"{key['id']} may be used from 203.0.113.7/32, 2001:db8::/32\n"
    assert json_command("key", "list", EMAIL)[0]["allow"] == ["203.0.113.7/32", "2001:db8::/32"]
    opened = command("key", "allow-ip", key["id"], "--any")
    assert opened.stdout == f"{key['id']} may be used from any address\n"
    assert json_command("key", "list", EMAIL)[0]["allow"] == []


def test_a_rotation_that_redis_does_not_hear_of_still_hands_the_key_over(
    command: Command, json_command: JsonCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    (key,) = json_command("key", "list", EMAIL)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")

    result = command("key", "rotate", key["id"])

    assert result.exit_code == 1
    assert "key: tk_" in result.stdout
    assert f"Redis does not answer: the change of {key['id']} is kept" in result.stderr
