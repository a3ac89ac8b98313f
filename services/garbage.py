"""The garbage collector of a long-lived process."""

from __future__ import annotations

import gc

_THRESHOLDS = 20_000, 20, 50


def settle_garbage() -> None:
    """Set aside what is loaded now, and look for garbage less often than Python does by itself.

    A process that serves makes few cycles; at Python's default of 700 objects every page and
    every answer pays for a look at all that was imported.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
