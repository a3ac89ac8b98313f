"""The fixtures of a running API."""

from __future__ import annotations

from tests.api.conftest import api, callers, environment

__all__ = ["api", "callers", "environment"]
