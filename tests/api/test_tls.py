from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from api.tls import load, tls_of
from settings.env import Environment, SettingsError
from tests.api.certificates import write_certificate

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    certificate, key = write_certificate(tmp_path, "api.example.com")
    return Environment(tls_cert_file=certificate, tls_key_file=key)


def test_nothing_is_encrypted_without_a_certificate() -> None:
    assert tls_of(Environment()) is None


def test_old_versions_of_tls_are_refused(environment: Environment) -> None:
    context = tls_of(environment)

    assert context is not None
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert environment.public_address.startswith("https://")


@pytest.mark.parametrize("name", ["tls_cert_file", "tls_key_file"])
def test_a_file_that_is_not_there_is_named(environment: Environment, name: str) -> None:
    wrong = environment.model_copy(update={name: environment.data_dir / "nowhere.pem"})

    with pytest.raises(SettingsError, match=rf"{name.upper()}=.*nowhere.pem cannot be read"):
        tls_of(wrong)


def test_half_a_pair_is_refused(environment: Environment) -> None:
    with pytest.raises(SettingsError, match="must be set together"):
        tls_of(environment.model_copy(update={"tls_key_file": None}))


def test_a_pair_that_does_not_fit_leaves_the_context_as_it_was(
    environment: Environment, tmp_path: Path
) -> None:
    context = tls_of(environment)
    assert context is not None
    (tmp_path / "other").mkdir()
    _, other = write_certificate(tmp_path / "other", "other.example.com")

    with pytest.raises(SettingsError, match="no certificate and its key"):
        load(context, environment.model_copy(update={"tls_key_file": other}))
