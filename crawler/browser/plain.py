"""Lists for ``scrapy crawl``: one target, without a queue."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.exceptions import CloseSpider

from crawler.browser.spider import ListSpider
from crawler.jobs.desk import stored_of
from crawler.jobs.lists import Bounds
from crawler.jobs.target import TargetError, read_target
from services import mongodb

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    from crawler.browser.found import Found
    from crawler.jobs.records import Job
    from crawler.links import TargetType


class PlainListSpider(ListSpider):
    """``scrapy crawl user -a target=@someone -a limit=50``: a name, an id, a query or a link.

    ``limit`` is a number of items, ``since`` and ``until`` are dates such as ``2026-03-01`` or
    times such as ``2026-03-01T12:00Z``, ``within_s`` is how many seconds the list may take,
    ``only_new=true`` leaves out what is stored, and ends a list that is ordered by time there.
    """

    kind: ClassVar[TargetType]

    def __init__(
        self,
        target: str = "",
        *,
        limit: str | None = None,
        since: str | None = None,
        until: str | None = None,
        within_s: str | None = None,
        only_new: str | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self._asked = target
        self._bounds = {
            "limit": limit,
            "since": since,
            "until": until,
            "within_s": within_s,
            "only_new": only_new,
        }

    async def start(self) -> AsyncIterator[Any]:
        """Ask for the page of the target that the arguments name."""
        try:
            target = read_target(self.kind.value, self._asked)
        except TargetError as error:
            raise CloseSpider(f"-a target=… {error}") from error
        self.bounds = self._read_bounds()
        yield self.request(target, egress=random.choice(list(self.egresses)))  # noqa: S311

    async def known(self, job: Job | None, found: Sequence[Found]) -> Collection[str]:
        """Which of these are stored already."""
        uri = self.crawler.settings["TIKTOK_ENVIRONMENT"].mongodb_uri or ""
        async with mongodb.connect(uri) as client:
            return await stored_of(mongodb.database(client, uri), found)

    def _read_bounds(self) -> Bounds:
        given = {name: text for name, text in self._bounds.items() if text is not None}
        read: dict[str, Any] = {}
        for name, text in given.items():
            try:
                read[name] = _READERS[name](text)
            except ValueError:
                raise CloseSpider(f"-a {name}={text}: expected {_EXPECTED[name]}") from None
        return Bounds(**read)


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ValueError(text)
    return count


def _second(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _truth(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError(text)
    return text.lower() == "true"


_READERS = {
    "limit": _count,
    "since": _second,
    "until": _second,
    "within_s": _count,
    "only_new": _truth,
}
_EXPECTED = {
    "limit": "a number from 1",
    "since": "a date such as 2026-03-01",
    "until": "a date such as 2026-03-01",
    "within_s": "a number of seconds from 1",
    "only_new": "true or false",
}
