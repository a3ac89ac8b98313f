from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest

from crawler.jobs import collections
from crawler.jobs.collections import CRAWL_JOBS
from crawler.jobs.crawls import Crawls
from crawler.jobs.target import read_target
from crawler.jobs.webhooks.addresses import Addresses
from crawler.jobs.webhooks.collections import DELIVERIES, ENDPOINTS
from crawler.jobs.webhooks.endpoints import Endpoints, UnknownEndpointError
from crawler.jobs.webhooks.posting import Poster
from crawler.jobs.webhooks.secrets import Secrets
from crawler.jobs.webhooks.sender import DELAYS_S, Sender
from crawler.jobs.webhooks.states import DeliveryState, OffReason
from crawler.jobs.webhooks.webhooks import DeliveryStateError, UnknownDeliveryError
from tests.api.certificates import write_certificate
from tests.crawler.jobs.webhooks.conftest import OWNER, a_crawl
from tests.crawler.jobs.webhooks.receiver import Receiver, is_signed_by, receiving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from crawler.jobs.webhooks.posting import Attempt
    from tests.crawler.jobs.webhooks.conftest import House


@contextlib.asynccontextmanager
async def posting(allow: str, **options: Any) -> AsyncIterator[Poster]:
    addresses = Addresses([ip_network(allow)])
    poster = Poster(addresses, **options)
    yield poster
    await poster.close()
    addresses.close()


async def post(poster: Poster, url: str) -> Attempt:
    return await poster.post(url, "{}", message_id="msg_1", secrets=["whsec_AAAA"])


async def test_a_thin_signed_message_tells_of_the_end(house: House, receiver: Receiver) -> None:
    await collections.prepare(house.database)
    crawls = Crawls(house.database)
    targets = [read_target("hashtag", "cooking")]
    await crawls.create(targets, owner=OWNER)
    crawl = await house.owe(f"{receiver.url}/hook?token=abc")
    await crawls.create(targets, owner=OWNER, crawl_id=crawl.id)
    await house.send()

    ((headers, body),) = receiver.received
    assert json.loads(body) == {
        "type": "crawl.partial",
        "timestamp": "2024-01-15T10:30:00Z",
        "data": {
            "id": crawl.id,
            "state": "partial",
            "stop_reason": None,
            "counts": {"targets": 2, "succeeded": 1, "failed": 1, "cancelled": 0, "items": 7},
            "labels": ["a", "b"],
            "schedule": None,
            "link": f"https://api.example.com/api/v1/crawls/{crawl.id}",
        },
    }
    assert headers["Content-Type"] == "application/json"
    assert is_signed_by((await house.secrets.get(OWNER)).current, headers, body)
    assert not is_signed_by((await house.secrets.get(None)).current, headers, body)
    delivery = await house.delivery(crawl)
    assert delivery.state is DeliveryState.DELIVERED
    (attempt,) = delivery.attempts
    assert (attempt["status"], attempt["error"]) == (204, None)
    assert (await house.endpoint()).last_success_at
    stored = await house.database[CRAWL_JOBS].find_one({"_id": crawl.id})
    assert stored is not None
    assert stored["webhook_state"] == "delivered"


async def test_both_secrets_sign_while_one_is_rotated(house: House, receiver: Receiver) -> None:
    secret = await house.secrets.rotate(OWNER)
    await house.owe(receiver.url)
    await house.send()

    ((headers, body),) = receiver.received
    assert secret.previous
    assert is_signed_by(secret.current, headers, body)
    assert is_signed_by(secret.previous, headers, body)


async def test_a_crawl_without_a_webhook_owes_nothing(house: House) -> None:
    async with house.database.client.start_session() as session:
        await house.webhooks.due(a_crawl(None), session)
    assert await house.sender.send_due() == 0


async def test_an_end_that_is_not_written_owes_nothing(house: House, receiver: Receiver) -> None:
    async with house.database.client.start_session() as session:
        await session.start_transaction()
        await house.webhooks.due(a_crawl(receiver.url), session)
        await session.abort_transaction()
    assert await house.sender.send_due() == 0


async def test_a_failure_is_tried_again_at_the_usual_times(
    house: House, receiver: Receiver
) -> None:
    receiver.status = 500
    crawl = await house.owe(receiver.url)
    for tries, delay_s in enumerate(DELAYS_S, start=1):
        await house.send_again()
        delivery = await house.delivery(crawl)
        assert (delivery.state, delivery.tries) == (DeliveryState.WAITING, tries)
        assert delivery.next_at
        wait_s = (delivery.next_at - datetime.now(UTC)).total_seconds()
        assert delay_s - 60 < wait_s <= 1.2 * delay_s
        await house.database[ENDPOINTS].update_one({}, {"$set": {"failing_since": None}})
    await house.send_again()

    delivery = await house.delivery(crawl)
    assert (delivery.state, delivery.next_at) == (DeliveryState.FAILED, None)
    assert [one["status"] for one in delivery.attempts] == [500] * 10
    assert delivery.attempts[0]["response"] == "so it is  [1m"
    assert len(set(receiver.ids)) == 1
    await house.send_again()
    assert len(receiver.received) == 10


async def test_a_receiver_may_ask_to_wait_longer(house: House, receiver: Receiver) -> None:
    receiver.status, receiver.headers = 429, {"Retry-After": "4000"}
    crawl = await house.owe(receiver.url)
    await house.send()
    next_at = (await house.delivery(crawl)).next_at
    assert next_at
    assert next_at > datetime.now(UTC) + timedelta(seconds=3900)


async def test_a_receiver_that_is_gone_is_switched_off_and_on(
    house: House, receiver: Receiver
) -> None:
    receiver.status = 410
    crawl = await house.owe(receiver.url)
    await house.send()
    endpoint = await house.endpoint()
    assert (endpoint.off_reason, bool(endpoint.off_since)) == (OffReason.GONE, True)
    assert (await house.delivery(crawl)).state is DeliveryState.SWITCHED_OFF

    later = await house.owe(receiver.url)
    await house.send()
    assert (await house.delivery(later)).state is DeliveryState.SWITCHED_OFF
    assert len(receiver.received) == 1
    delivery = await house.delivery(later)
    with pytest.raises(DeliveryStateError, match="switched off"):
        await house.webhooks.redeliver(later.id, delivery.id)

    receiver.status = 200
    endpoints = Endpoints(house.database)
    with pytest.raises(UnknownEndpointError):
        await endpoints.switch_on(endpoint.id, owner="acc_2")
    on = await endpoints.switch_on(endpoint.id, owner=OWNER)
    assert (on.off_since, on.off_reason, on.failing_since) == (None, None, None)
    await house.webhooks.redeliver(later.id, delivery.id)
    await house.send()
    assert (await house.delivery(later)).state is DeliveryState.DELIVERED


async def test_a_receiver_that_fails_for_days_is_switched_off(
    house: House, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status = 500
    await house.owe(f"{receiver.url}/?token=hidden")
    await house.send()
    failing_since = (await house.endpoint()).failing_since
    await house.send_again()
    assert (await house.endpoint()).failing_since == failing_since
    assert not (await house.endpoint()).off_since

    days_ago = datetime.now(UTC) - timedelta(days=3, seconds=1)
    await house.database[ENDPOINTS].update_one({}, {"$set": {"failing_since": days_ago}})
    with caplog.at_level(logging.WARNING):
        await house.send_again()
    assert (await house.endpoint()).off_reason is OffReason.FAILING
    assert "switched off" in caplog.text
    assert "hidden" not in caplog.text


async def test_a_success_ends_the_failing(house: House, receiver: Receiver) -> None:
    receiver.status = 500
    await house.owe(receiver.url)
    await house.send()
    receiver.status = 200
    await house.send_again()
    endpoint = await house.endpoint()
    assert endpoint.failing_since is None
    assert endpoint.last_failure_at
    assert endpoint.last_success_at


@pytest.mark.parametrize(
    ("path", "end"),
    [
        ("/redirected", (302, "status")),
        ("/large", (500, "status")),
        ("/break", (None, "connection_failed")),
    ],
)
async def test_what_went_wrong_is_in_the_log(
    path: str, end: tuple[int | None, str], house: House, receiver: Receiver
) -> None:
    receiver.status, receiver.headers = 302, {"Location": f"{receiver.url}/elsewhere"}
    crawl = await house.owe(receiver.url + path)
    await house.send()

    (attempt,) = (await house.delivery(crawl)).attempts
    assert (attempt["status"], attempt["error"]) == end
    assert len(attempt["response"]) <= 500
    assert len(receiver.received) == 1


async def test_nobody_listens(house: House, unused_tcp_port: int) -> None:
    crawl = await house.owe(f"http://127.0.0.1:{unused_tcp_port}/")
    await house.send()
    (attempt,) = (await house.delivery(crawl)).attempts
    assert attempt["error"] == "connection_failed"


async def test_a_receiver_that_hangs_is_left(receiver: Receiver) -> None:
    async with posting("127.0.0.0/8", answer_s=0.3) as poster:
        attempt = await post(poster, f"{receiver.url}/hang")
    assert (attempt.status, attempt.error) == (None, "timeout")


async def test_the_status_decides_though_the_rest_does_not_come(receiver: Receiver) -> None:
    async with posting("127.0.0.0/8") as poster:
        attempt = await post(poster, f"{receiver.url}/half")
    assert (attempt.status, attempt.error, attempt.response) == (200, None, "thanks")


async def test_a_name_is_connected_to_where_it_was_checked(
    receiver: Receiver, names: dict[str, list[str]]
) -> None:
    names["hooks.example.com"] = ["127.0.0.1"]
    url = receiver.url.replace("127.0.0.1", "hooks.example.com")
    async with posting("127.0.0.0/8") as poster:
        assert (await post(poster, url)).error is None
    assert receiver.received[0][0]["Host"].startswith("hooks.example.com:")

    names["hooks.example.com"] = ["93.184.215.14", "127.0.0.1"]
    async with posting("10.0.0.0/8") as poster:
        assert (await post(poster, url)).error == "address_refused"
    assert len(receiver.received) == 1


async def test_a_certificate_must_be_valid(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path, "localhost")
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(certificate, key)
    async with receiving(served) as receiver:
        async with posting("127.0.0.0/8") as poster:
            assert (await post(poster, receiver.url)).error == "tls_failed"
        assert receiver.received == []
        trusting = ssl.create_default_context(cafile=str(certificate))
        async with posting("127.0.0.0/8", tls=trusting) as poster:
            assert (await post(poster, receiver.url)).status == 204


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_network_that_is_not_allowed_any_more_is_refused_when_it_is_sent(
    host: str, house: House, receiver: Receiver
) -> None:
    crawl = await house.owe(receiver.url.replace("127.0.0.1", host))
    async with posting("10.0.0.0/8") as poster:
        house.sender = Sender(house.database, house.secrets, poster)
        await house.send()

    (attempt,) = (await house.delivery(crawl)).attempts
    assert attempt["error"] == "address_refused"
    assert receiver.received == []


async def test_two_senders_send_each_message_once(house: House, receiver: Receiver) -> None:
    other = Sender(house.database, house.secrets, house.poster)
    for _ in range(20):
        await house.owe(receiver.url)
    while sum(await asyncio.gather(house.sender.send_due(), other.send_due())):
        await asyncio.gather(house.sender.finish(), other.finish())
    assert len(receiver.ids) == len(set(receiver.ids)) == 20


async def test_a_receiver_that_hangs_holds_up_no_other(house: House, receiver: Receiver) -> None:
    for _ in range(40):
        await house.owe(f"{receiver.url}/hang")
    crawl = await house.owe(receiver.url)
    await house.sender.send_due()
    while (await house.delivery(crawl)).state is not DeliveryState.DELIVERED:
        await asyncio.sleep(0.01)
    assert len(receiver.received) == 5
    receiver.go_on.set()
    await house.sender.finish()


async def test_what_a_sender_leaves_behind_is_sent_by_another(
    house: House, receiver: Receiver
) -> None:
    crawl = await house.owe(f"{receiver.url}/hang")
    await house.sender.send_due()
    await receiver.came.wait()
    delivery = await house.delivery(crawl)
    with pytest.raises(DeliveryStateError, match="being sent"):
        await house.webhooks.redeliver(crawl.id, delivery.id)
    assert delivery.next_at
    assert delivery.next_at > datetime.now(UTC)

    # Its lease lapses while it still waits; its own end is not written over the other's.
    early = {"$set": {"next_at": datetime(2020, 1, 1, tzinfo=UTC)}}
    await house.database[DELIVERIES].update_one({}, early)
    other = Sender(house.database, house.secrets, house.poster)
    await other.send_due()
    receiver.go_on.set()
    await asyncio.gather(house.sender.finish(), other.finish())

    delivery = await house.delivery(crawl)
    assert (delivery.state, delivery.tries) == (DeliveryState.DELIVERED, 2)
    assert len(delivery.attempts) == 1
    assert receiver.ids == [delivery.id] * 2


async def test_a_secret_that_cannot_be_read_is_no_fault_of_the_receiver(
    house: House, receiver: Receiver
) -> None:
    await house.secrets.get(OWNER)
    crawl = await house.owe(receiver.url)
    house.sender = Sender(house.database, Secrets(house.database, b"another"), house.poster)
    await house.send()

    delivery = await house.delivery(crawl)
    assert delivery.state is DeliveryState.WAITING
    assert delivery.attempts[0]["error"] == "secret_unreadable"
    assert receiver.received == []
    assert await house.database[ENDPOINTS].count_documents({}) == 0


async def test_what_is_delivered_can_be_sent_again_by_hand(
    house: House, receiver: Receiver
) -> None:
    crawl = await house.owe(receiver.url)
    await house.send()
    delivery = await house.delivery(crawl)
    again = await house.webhooks.redeliver(crawl.id, delivery.id)
    assert again.state is DeliveryState.WAITING
    await house.send()

    assert receiver.ids == [delivery.id] * 2
    assert len((await house.delivery(crawl)).attempts) == 2
    with pytest.raises(UnknownDeliveryError):
        await house.webhooks.redeliver("crawl_other", delivery.id)


async def test_a_running_sender_sends_by_itself_and_finishes(
    house: House, receiver: Receiver
) -> None:
    sender = Sender(house.database, house.secrets, house.poster, poll_s=0.01)
    async with sender.sending():
        crawl = await house.owe(f"{receiver.url}/hang")
        async with asyncio.timeout(10):
            await receiver.came.wait()
        asyncio.get_running_loop().call_later(0.1, receiver.go_on.set)
    assert (await house.delivery(crawl)).state is DeliveryState.DELIVERED
