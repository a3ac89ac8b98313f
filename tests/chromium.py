"""Which tests need a Chromium; without one they are skipped, and it is said."""

from __future__ import annotations

import pytest

from settings.env import Environment

in_chromium = pytest.mark.skipif(Environment().chromium is None, reason="no Chromium on PATH")
