"""A wrong setting is named, and what it holds is not repeated: it may be a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from settings.env import Environment

if TYPE_CHECKING:
    from tests.cli.conftest import Command

SECRET = "hunter2hunter2hunter2"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MONGODB_URI", f"mongodb://me:hunter2/{SECRET}@host/"),
        ("MONGODB_URI", f"mongodb://me:{SECRET}@host:port/"),
        ("MONGODB_URI", f"me:{SECRET}@host"),
        ("MONGODB_URI", f"http://me:{SECRET}@host"),
        ("REDIS_URL", f"redis://:hunter2/{SECRET}@host"),
        ("REDIS_URL", f"redis://:{SECRET}@host:port"),
        ("REDIS_URL", f"http://:{SECRET}@host"),
        ("PUBLIC_URL", f"ftp://me:{SECRET}@host"),
        ("TIKTOK_URL", f"me:{SECRET}@host"),
        ("RAPIDAPI_PROXY_SECRET", f"{SECRET},{SECRET}2,{SECRET}3"),
        ("TRUSTED_PROXIES", SECRET),
        ("API_PORT", SECRET),
        ("LOG_LEVEL", SECRET),
    ],
)
def test_a_wrong_setting_is_named_in_one_line_without_what_it_holds(
    command: Command, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    result = command("account", "list")

    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {variable}: ")
    assert len(result.stderr.splitlines()) == 1
    assert "hunter2" not in result.output


def test_a_database_that_refuses_a_password_is_told_of_without_it(
    command: Command, monkeypatch: pytest.MonkeyPatch, mongodb_uri: str, redis_url: str
) -> None:
    for uri, url in (
        (mongodb_uri.replace("//", f"//me:{SECRET}@"), redis_url),
        (mongodb_uri.replace("//", f"//me:{SECRET}@@"), redis_url),
        (mongodb_uri, redis_url.replace("//", f"//me:{SECRET}@")),
        (mongodb_uri, f"redis://me:{SECRET}@127.0.0.1:1"),
    ):
        monkeypatch.setenv("MONGODB_URI", uri)
        monkeypatch.setenv("REDIS_URL", url)

        result = command("account", "create", "--email", "a@example.com", "--plan", "free")
        queue = command("queue", "show")

        assert 1 in {result.exit_code, queue.exit_code}
        assert SECRET not in result.output + queue.output


def fail_with_a_secret(*_: object, **__: object) -> None:
    raise KeyError(SECRET)


def test_an_unexpected_error_is_told_without_the_secrets(
    command: Command, monkeypatch: pytest.MonkeyPatch, mongodb_uri: str, redis_url: str
) -> None:
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("ADMIN_TOKEN", SECRET)
    monkeypatch.setattr("cli.account._show", fail_with_a_secret)

    result = command("account", "list")

    assert result.exit_code == 1
    assert "KeyError: '…'" in result.stderr
    assert SECRET not in result.output


def test_settings_do_not_show_their_secrets() -> None:
    environment = Environment(
        mongodb_uri=f"mongodb://me:{SECRET}1@host",
        redis_url=f"redis://:{SECRET}%2F2@host",
        proxy_urls=(f"http://me:{SECRET}3@host:8080",),
        secret_key=f"{SECRET}4",
        admin_token=f"{SECRET}5",
        rapidapi_proxy_secret=(f"{SECRET}6", f"{SECRET}7"),
    )

    numbers = {word.removeprefix(SECRET) for word in environment.secrets}
    assert numbers == {"1", "%2F2", "/2", "3", "4", "5", "6", "7"}
    assert SECRET not in f"{environment!r} {environment}"
