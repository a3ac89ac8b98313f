from __future__ import annotations

from pathlib import Path

import pytest

from settings.env import Environment, SettingsError
from settings.secrets import admin_token, secret_key


def test_a_secret_that_is_made_stays(tmp_path: Path) -> None:
    environment = Environment(data_dir=tmp_path / "new")
    assert secret_key(environment) == secret_key(environment)
    assert admin_token(environment) == admin_token(environment)
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (tmp_path / "new").iterdir())


def test_a_secret_that_cannot_be_kept_is_asked_for_by_its_variable() -> None:
    environment = Environment(data_dir=Path("/proc/nowhere"))
    with pytest.raises(SettingsError, match=r"^SECRET_KEY is not set"):
        secret_key(environment)
    with pytest.raises(SettingsError, match=r"^ADMIN_TOKEN is not set"):
        admin_token(environment)
