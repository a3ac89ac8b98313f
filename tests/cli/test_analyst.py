from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Command, JsonCommand

pytestmark = pytest.mark.usefixtures("on_servers")


def test_an_analyst_is_made_listed_and_removed(command: Command, json_command: JsonCommand) -> None:
    made = json_command("analyst", "add", "ada")
    assert made["mongodb_uri"].startswith("mongodb://ada:")
    # The tests' own server has no access control.
    assert made["enforced"] is False
    assert json_command("analyst", "list") == [{"name": "ada"}]
    assert command("analyst", "remove", "ada").output == "ada is no analyst any more\n"
    assert json_command("analyst", "list") == []


def test_it_is_said_when_nobody_is_kept_out(command: Command) -> None:
    made = command("analyst", "add", "ada")
    assert made.stdout.startswith("mongodb://ada:")
    assert "asks nobody for a name" in made.stderr
    command("analyst", "remove", "ada")


def test_who_is_none_cannot_be_removed(command: Command) -> None:
    removed = command("analyst", "remove", "bob")
    assert removed.exit_code == 1
    assert "there is no analyst bob" in removed.stderr
