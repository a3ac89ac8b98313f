"""What the site has been asked: counts by path and by what was meant, and the latest requests."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp import web
    from multidict import CIMultiDictProxy

    from tests.site.addresses import Address

_KEPT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request."""

    at: float
    """Unix seconds."""
    method: str
    path: str
    """With its query, as it was sent."""
    headers: CIMultiDictProxy[str]

    def to_json(self) -> dict[str, Any]:
        """The request for ``GET /_site/requests``."""
        return {
            "at": self.at,
            "method": self.method,
            "path": self.path,
            "headers": dict(self.headers),
        }


@dataclass(slots=True)
class Requests:
    """The site's memory of what it was asked."""

    paths: Counter[str] = field(default_factory=Counter)
    keys: Counter[str] = field(default_factory=Counter)
    """By post id, ``@username``, ``#hashtag``, ``music:ID`` or ``t/CODE``."""
    recent: deque[Seen] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def note(self, request: web.Request, address: Address) -> int:
        """Count a request and answer how many there were for the same thing."""
        path = request.path_qs
        self.paths[path] += 1
        self.keys[address.key] += 1
        self.recent.append(
            Seen(at=time.time(), method=request.method, path=path, headers=request.headers)
        )
        return self.keys[address.key]

    def clear(self) -> None:
        """Forget everything."""
        self.paths.clear()
        self.keys.clear()
        self.recent.clear()

    def to_json(self) -> dict[str, Any]:
        """Everything, for ``GET /_site/requests``."""
        return {
            "total": self.paths.total(),
            "paths": dict(self.paths),
            "keys": dict(self.keys),
            "recent": [seen.to_json() for seen in self.recent],
        }
