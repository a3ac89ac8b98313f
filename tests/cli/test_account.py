from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Command, JsonCommand

pytestmark = pytest.mark.usefixtures("on_servers")

EMAIL = "ada@example.com"


@pytest.fixture
def account_id(on_servers: None, json_command: JsonCommand) -> str:
    return str(json_command("account", "create", "--email", EMAIL, "--plan", "pro")["account_id"])


def test_a_new_account_comes_with_a_key(json_command: JsonCommand) -> None:
    made = json_command("account", "create", "--email", EMAIL, "--plan", "business")
    assert list(made) == ["account_id", "email", "plan", "key"]
    assert made["account_id"].startswith("acc_")
    assert (made["email"], made["plan"]) == (EMAIL, "business")
    assert made["key"].startswith("tk_")


def test_people_are_told_that_the_key_is_shown_once(command: Command) -> None:
    result = command("account", "create", "--email", EMAIL, "--plan", "free")
    assert "\nkey: tk_" in result.stdout
    assert "cannot be shown again" in result.stdout


def test_an_account_is_found_by_id_and_by_address(
    account_id: str, json_command: JsonCommand
) -> None:
    by_id = json_command("account", "show", account_id)
    assert by_id == json_command("account", "show", EMAIL)
    assert by_id == json_command("account", "list")
    assert list(by_id[0]) == ["id", "email", "plan", "status", "created_at"]
    assert by_id[0]["id"] == account_id


def test_an_id_is_never_cut_off(account_id: str, command: Command) -> None:
    assert account_id in command("account", "list").stdout


def test_an_account_is_suspended_and_resumed(
    account_id: str, command: Command, json_command: JsonCommand
) -> None:
    assert command("account", "suspend", EMAIL).exit_code == 0
    assert json_command("account", "show", EMAIL)[0]["status"] == "suspended"
    assert command("account", "resume", account_id).exit_code == 0
    assert json_command("account", "show", EMAIL)[0]["status"] == "active"


@pytest.mark.usefixtures("account_id")
def test_an_account_changes_its_plan(command: Command, json_command: JsonCommand) -> None:
    assert command("account", "set-plan", EMAIL, "free").stdout == f"{EMAIL} is on free\n"
    assert json_command("account", "show", EMAIL)[0]["plan"] == "free"


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "nobody@example.com"),
        ("suspend", "nobody@example.com"),
        ("set-plan", "nobody@example.com", "pro"),
        ("audit", "nobody@example.com"),
        ("create", "--email", EMAIL, "--plan", "pro"),
        ("create", "--email", "nothing", "--plan", "pro"),
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("account_id")
def test_what_cannot_be_done_is_one_line(arguments: tuple[str, ...], command: Command) -> None:
    result = command("account", *arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) == 1


def test_an_unknown_plan_is_a_usage_error(command: Command) -> None:
    result = command("account", "create", "--email", EMAIL, "--plan", "gold")
    assert result.exit_code == 2
    assert "'free', 'basic', 'pro', 'business'" in result.stderr


def test_the_audit_of_an_account_tells_who_did_what(
    account_id: str, command: Command, json_command: JsonCommand
) -> None:
    command("account", "set-plan", EMAIL, "free")
    command("account", "suspend", EMAIL)

    records = json_command("account", "audit", account_id)

    assert [(one["who"], one["what"]) for one in records] == [
        ("cli", "account_changed"),
        ("cli", "account_changed"),
        ("cli", "key_issued"),
        ("cli", "account_created"),
    ]
    assert records[1]["before"] == {"plan": "pro"}
    assert records[1]["after"] == {"plan": "free"}
    assert json_command("account", "audit", EMAIL, "--limit", "1") == records[:1]
    table = command("account", "audit", EMAIL).stdout
    assert "status=suspended" in table
    assert "digest" not in table


@pytest.mark.usefixtures("account_id")
def test_a_suspension_that_redis_does_not_hear_of_is_said_to_be_pending(
    command: Command, json_command: JsonCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as gone:
        gone.setenv("REDIS_URL", "redis://127.0.0.1:1")
        result = command("account", "suspend", EMAIL)

    assert result.exit_code == 1
    assert "Redis does not answer: the change of acc_" in result.stderr
    assert "is suspended" not in result.stdout
    assert json_command("account", "show", EMAIL)[0]["status"] == "suspended"
