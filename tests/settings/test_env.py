from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from settings.env import SettingsError, read_environment

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("MONGODB_URI", "PROXY_URLS", "ADMIN_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    return tmp_path


def test_a_secret_is_read_from_the_file_of_its_name(folder: Path) -> None:
    (folder / "mongodb_uri").write_text("mongodb://one.example/tiktok\n")
    (folder / "PROXY_URLS").write_text("http://a:1,http://b:2\n")
    (folder / "of_others").write_text("which nobody reads")
    environment = read_environment()
    assert environment.mongodb_uri == "mongodb://one.example/tiktok"
    assert environment.proxy_urls == ("http://a:1", "http://b:2")


def test_a_variable_goes_before_the_file_of_its_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "mongodb_uri").write_text("mongodb://one.example/tiktok")
    monkeypatch.setenv("MONGODB_URI", "mongodb://two.example/tiktok")
    assert read_environment().mongodb_uri == "mongodb://two.example/tiktok"


def test_an_empty_file_is_a_setting_that_is_not_made(folder: Path) -> None:
    (folder / "mongodb_uri").write_text("\n")
    (folder / "proxy_urls").write_text("\n")
    environment = read_environment()
    assert environment.mongodb_uri is None
    assert environment.proxy_urls == ()


def test_what_is_wrong_in_a_file_is_said_by_its_variable(folder: Path) -> None:
    (folder / "admin_token").write_text("too-short")
    with pytest.raises(SettingsError, match=r"^ADMIN_TOKEN: ") as caught:
        read_environment()
    assert "too-short" not in str(caught.value)


def test_a_folder_of_secrets_that_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path / "away"))
    with pytest.raises(SettingsError, match="SECRETS_DIR: "):
        read_environment()
