from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: tuple[str, ...], exit_code: int, command: Command
) -> None:
    result = command("key", *arguments)
    assert result.exit_code == exit_code
    assert result.stdout == ""
    assert result.stderr
