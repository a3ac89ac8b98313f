from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest

from cli.ports import free_port
from services.holds import hold
from services.running import LOCK, Servers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command, JsonCommand


@pytest.fixture(autouse=True)
def port(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    port = free_port()
    monkeypatch.setenv("API_PORT", str(port))
    return port


def test_a_machine_with_everything_is_well(json_command: JsonCommand) -> None:
    found = json_command("doctor")
    assert found["ok"] is True
    assert (found["mongodb_uri"], found["redis_url"], found["processes"]) == (None, None, {})
    needed = [check for check in found["checks"] if not check["optional"]]
    assert [check["name"] for check in needed if not check["ok"]] == []


def test_what_runs_is_told(data_dir: Path, port: int, json_command: JsonCommand) -> None:
    servers = Servers(
        mongodb_uri="mongodb://127.0.0.1:1/tiktok",
        redis_url="unix:///nowhere",
        api=f"http://127.0.0.1:{port}",
        processes={"api": 4711},
    )
    with hold(data_dir / LOCK, who="a test"), socket.create_server(("127.0.0.1", port)):
        servers.publish(data_dir)
        found = json_command("doctor")
    assert found["mongodb_uri"] == servers.mongodb_uri
    assert found["redis_url"] == servers.redis_url
    assert found["processes"] == {"api": 4711}


def test_a_port_of_somebody_else_is_told(port: int, command: Command) -> None:
    with socket.create_server(("127.0.0.1", port)):
        result = command("doctor")
    assert result.exit_code == 1
    assert f"NO  port: cannot listen on 127.0.0.1:{port}" in result.stdout
    assert "set API_PORT" in result.stdout


def test_missing_servers_are_told_with_what_to_do(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    result = command("doctor", "--json")
    assert result.exit_code == 1
    says = {check["name"]: check["says"] for check in json.loads(result.stdout)["checks"]}
    assert "set MONGODB_URI, or install a mongod" in says["mongodb"]
    assert "set REDIS_URL, or install valkey" in says["redis"]


def test_a_data_folder_that_cannot_be_written_is_told(data_dir: Path, command: Command) -> None:
    data_dir.write_text("a file")
    result = command("doctor")
    assert result.exit_code == 1
    assert "NO  data folder: " in result.stdout
    assert "set DATA_DIR" in result.stdout


def test_the_archive_is_looked_at(
    tmp_path: Path, command: Command, json_command: JsonCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIVE_URL", str(tmp_path / "kept"))
    says = {check["name"]: check["says"] for check in json_command("doctor")["checks"]}
    assert says["archive"] == f"{tmp_path / 'kept'} is writable"

    (tmp_path / "file").touch()
    monkeypatch.setenv("ARCHIVE_URL", str(tmp_path / "file" / "kept"))
    result = command("doctor")
    assert result.exit_code == 1
    assert "NO  archive: ARCHIVE_URL: " in result.stdout


def test_a_wildcard_host_without_a_public_address_is_told(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_HOST", "0.0.0.0")  # noqa: S104 - refused, not bound
    result = command("doctor")
    assert result.exit_code == 1
    assert "set PUBLIC_URL" in result.stdout


def test_a_browser_that_is_none_is_told_and_hinders_nothing(
    json_command: JsonCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 3\n")
    for path, said in ((tmp_path / "none", "not found, so lists"), (broken, "does not run")):
        monkeypatch.setenv("CHROMIUM_PATH", str(path))
        broken.chmod(0o755)
        found = json_command("doctor")
        (browser,) = (check for check in found["checks"] if check["name"] == "browser")
        assert (found["ok"], browser["ok"]) == (True, False)
        assert said in browser["says"]
