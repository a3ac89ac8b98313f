"""Secrets that are made on the first start when the operator gives none."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from settings.env import Environment


def secret_key(environment: Environment) -> bytes:
    """What links are signed with: the one given, else the one kept in ``DATA_DIR``."""
    if environment.secret_key:
        return environment.secret_key.encode()
    return _kept(environment.data_dir / "secret-key", secrets.token_hex(32)).encode()


def admin_token(environment: Environment) -> str:
    """What opens the administration: the one given, else the one kept in ``DATA_DIR``."""
    if environment.admin_token:
        return environment.admin_token
    return _kept(environment.data_dir / "admin-token", f"adm_{secrets.token_urlsafe(32)}")


def _kept(path: Path, fresh: str) -> str:
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
