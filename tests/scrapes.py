"""Reading what Prometheus would read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from aiohttp import ClientSession


class Scraped:
    """The samples of one scrape."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families = {one.name: one for one in text_string_to_metric_families(text)}
        self._samples = [one for family in self.families.values() for one in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples of a name that bear these labels."""
        return sum(
            one.value
            for one in self._samples
            if one.name == name and labels.items() <= one.labels.items()
        )

    def labels(self, name: str, label: str) -> set[str]:
        return {one.labels[label] for one in self._samples if one.name == name}


async def scrape(session: ClientSession, url: str) -> Scraped:
    async with session.get(f"{url}/metrics") as answer:
        assert answer.status == 200, await answer.text()
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return Scraped(await answer.text())
