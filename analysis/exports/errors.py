"""What an export cannot be asked for."""

from __future__ import annotations


class ExportError(Exception):
    """There can be no such export; the text says why, and what to write instead."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        """What was asked for wrongly, such as ``fields``."""
