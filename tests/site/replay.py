"""Recorded responses, by the address that they answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from tests.site.reading import read_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.site.addresses import Address
    from tests.site.recorded import Recorded

_SUFFIXES = {".html", ".json"}


@dataclass(slots=True)
class Archive:
    """Every post, profile and wall found in a folder."""

    folder: Path
    by_key: dict[str, Recorded] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Walk the folder and keep what is, or holds, a post."""
        if not folder.is_dir():
            raise NotADirectoryError(folder)
        archive = cls(folder)
        for file in sorted(folder.rglob("*")):
            if file.suffix in _SUFFIXES and file.is_file():
                for recorded in read_file(file):
                    archive.add(recorded)
        return archive

    def add(self, recorded: Recorded) -> None:
        """Keep a response, unless a better one for its address is known."""
        known = self.by_key.get(recorded.key)
        if known is None or recorded.weight > known.weight:
            self.by_key[recorded.key] = recorded

    def find(self, address: Address) -> Recorded | None:
        """The response recorded for an address, whatever username it names."""
        return self.by_key.get(address.key)

    def posts(self) -> list[dict[str, object]]:
        """An index of what can be asked for."""
        return [
            {
                "id": recorded.key,
                "layout": recorded.shape,
                "file": str(recorded.file.relative_to(self.folder)),
                "path": recorded.path,
            }
            for recorded in self.by_key.values()
        ]
