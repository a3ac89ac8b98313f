"""Secrets that are made on the first start when the operator gives none."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from settings.env import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from settings.env import Environment


def secret_key(environment: Environment) -> bytes:
    """What links are signed with: the one given, else the one kept in ``DATA_DIR``.

    Raises:
        SettingsError: none is given, and none can be kept.
    """
    return _given_or_kept(environment, "secret_key", secrets.token_hex(32)).encode()


def erasure_key(environment: Environment) -> bytes:
    """What erased users are known by: the one given, else the one kept in ``DATA_DIR``.

    Raises:
        SettingsError: none is given, and none can be kept.
    """
    return _given_or_kept(environment, "erasure_key", secrets.token_hex(32)).encode()


def admin_token(environment: Environment) -> str:
    """What opens the administration: the one given, else the one kept in ``DATA_DIR``.

    Raises:
        SettingsError: none is given, and none can be kept.
    """
    return _given_or_kept(environment, "admin_token", f"adm_{secrets.token_urlsafe(32)}")


def _given_or_kept(environment: Environment, variable: str, fresh: str) -> str:
    given: str | None = getattr(environment, variable)
    if given:
        return given
    path = environment.data_dir / variable.replace("_", "-")
    try:
        return _read_or_make(path, fresh)
    except OSError as error:
        raise SettingsError(
            f"{variable.upper()} is not set, and none can be kept in {path} ({error.strerror}): set"
            " it, to the same value for all processes"
        ) from error


def _read_or_make(path: Path, fresh: str) -> str:
    """The secret in a file, which is made when there is none; several processes may do so."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        made.touch(mode=0o600)
        made.write_text(fresh)
        try:
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_text().strip()
