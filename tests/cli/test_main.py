from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from cli.main import manage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Command


def paths(group: click.Group, *before: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*before, name)
        if isinstance(command, click.Group):
            yield from paths(command, *before, name)


@pytest.mark.parametrize("path", list(paths(manage)), ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...], command: Command) -> None:
    result = command(*path, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: manage")
    assert len(result.stdout.splitlines()[2]) > len("  Run.")


def test_help_loads_nothing_that_only_commands_need() -> None:
    heavy = ("scrapy", "aiohttp", "pymongo", "redis", "pydantic", "rich", "uvloop")
    code = (
        "import sys; from cli.main import manage\n"
        "try: manage(['--help'])\n"
        "except SystemExit as ending: assert not ending.code\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_an_unknown_command_is_a_usage_error(command: Command) -> None:
    result = command("fly")
    assert result.exit_code == 2
    assert "No such command 'fly'" in result.stderr


@pytest.mark.parametrize("port", ["many", "0", "65536"])
def test_a_wrong_setting_is_named_on_one_line(
    port: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_PORT", port)
    result = command("doctor")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: API_PORT: ")
    assert len(result.stderr.splitlines()) == 1


def test_a_database_that_does_not_answer_is_one_line(
    command: Command, on_servers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "unix:///nowhere/redis.sock")
    result = command("queue", "show")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) == 1


def test_a_data_folder_that_cannot_be_made_is_one_line(
    command: Command, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir.write_text("a file")
    result = command("account", "list")
    assert result.exit_code == 1
    assert str(data_dir) in result.stderr
    assert len(result.stderr.splitlines()) == 1
