"""Secrets that are made on the first start when the operator gives none."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from settings.env import Environment


def secret_key(environment: Environment) -> bytes:
    """What links are signed with: the one given, else the one kept in ``DATA_DIR``."""
    if environment.secret_key:
        return environment.secret_key.encode()
    path = environment.data_dir / "secret-key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"secret-key.{os.getpid()}.{secrets.token_hex(4)}")
        made.touch(mode=0o600)
        made.write_text(secrets.token_hex(32))
        try:
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_text().strip().encode()
