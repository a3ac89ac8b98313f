"""Commands run as an operator would run them, on the servers of the tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from cli.main import manage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Command = Callable[..., Result]
    JsonCommand = Callable[..., Any]


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("DATA_DIR", str(folder))
    return folder


@pytest.fixture
def on_servers(
    data_dir: Path, mongodb_uri: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("REDIS_URL", redis_url)


@pytest.fixture
def command(data_dir: Path) -> Command:
    """Run a command, on a data folder of the test's own, and answer what came of it."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(manage, arguments)

    return run


@pytest.fixture
def json_command(command: Command) -> JsonCommand:
    """Run a command that succeeds and answer the JSON that it prints."""

    def run(*arguments: str) -> Any:
        result = command(*arguments, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    return run
