from __future__ import annotations

import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest

from crawler.jobs.crawl import Counts, Crawl, CrawlOptions, CrawlState
from crawler.jobs.records import Lane, new_id
from crawler.jobs.webhooks.addresses import Addresses
from crawler.jobs.webhooks.collections import DELIVERIES, ENDPOINTS, prepare
from crawler.jobs.webhooks.endpoints import Endpoint
from crawler.jobs.webhooks.posting import Poster
from crawler.jobs.webhooks.secrets import Secrets
from crawler.jobs.webhooks.sender import Sender
from crawler.jobs.webhooks.webhooks import Webhooks
from tests.crawler.jobs.webhooks.receiver import Receiver, receiving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.jobs.webhooks.delivery import Delivery
    from services.mongodb import Document

SECRET_KEY = b"a secret of tests"
OWNER = "acc_1"


def a_crawl(url: str | None, *, owner: str | None = OWNER) -> Crawl:
    return Crawl(
        id=new_id("crawl"),
        owner=owner,
        state=CrawlState.PARTIAL,
        lane=Lane.BULK,
        created_at=datetime.now(UTC),
        finished_at=datetime(2024, 1, 15, 10, 30, tzinfo=UTC),
        counts=Counts(targets=2, succeeded=1, failed=1, items=7),
        options=CrawlOptions(webhook=url, labels=("a", "b")),
    )


@dataclass
class House:
    """Webhooks on a real database, with a sender that runs when it is told."""

    database: AsyncDatabase[Document]
    webhooks: Webhooks
    secrets: Secrets
    poster: Poster
    sender: Sender

    async def owe(self, url: str, *, owner: str | None = OWNER) -> Crawl:
        """A crawl that has just ended."""
        crawl = a_crawl(url, owner=owner)
        async with self.database.client.start_session() as session:
            await session.with_transaction(lambda session: self.webhooks.due(crawl, session))
        return crawl

    async def send(self) -> None:
        """Send all that is due until nothing is."""
        while await self.sender.send_due():
            await self.sender.finish()

    async def send_again(self) -> None:
        """Send all that waits, as if its time had come."""
        early = {"$set": {"next_at": datetime(2020, 1, 1, tzinfo=UTC)}}
        await self.database[DELIVERIES].update_many({"state": "waiting"}, early)
        await self.send()

    async def delivery(self, crawl: Crawl) -> Delivery:
        (one,) = (await self.webhooks.page(crawl.id)).items
        return one

    async def endpoint(self) -> Endpoint:
        (one,) = await self.database[ENDPOINTS].find().to_list()
        return Endpoint.of(one)


@pytest.fixture
async def house(database: AsyncDatabase[Document]) -> AsyncIterator[House]:
    await prepare(database)
    addresses = Addresses([ip_network("127.0.0.0/8")])
    poster = Poster(addresses)
    secrets = Secrets(database, SECRET_KEY)
    yield House(
        database=database,
        webhooks=Webhooks(database, public_address="https://api.example.com"),
        secrets=secrets,
        poster=poster,
        sender=Sender(database, secrets, poster),
    )
    await poster.close()
    addresses.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names and what they lead to; the rest is looked up as ever."""
    known: dict[str, list[str]] = {}
    look_up = socket.getaddrinfo

    def look_up_known(host: str, port: int, **options: Any) -> list[Any]:
        ips = known.get(host, [host])
        return [one for ip in ips for one in look_up(ip, port, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up_known)
    return known
