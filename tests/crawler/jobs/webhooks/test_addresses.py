from __future__ import annotations

import socket
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from crawler.jobs.webhooks.addresses import Addresses, WebhookRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLIC = "93.184.215.14"


@pytest.fixture
def addresses() -> Iterator[Addresses]:
    made = Addresses()
    yield made
    made.close()


@pytest.mark.parametrize(
    "address",
    [
        "https://hooks.example.com/a?b=c",
        "http://hooks.example.com:8080",
        f"https://{PUBLIC}/",
        "https://[2606:4700::1111]:8443/hook",
        "https://HOOKS.example.com:443/%7Ea b".replace(" ", "%20"),
    ],
)
async def test_a_webhook_goes_to_public_addresses(
    address: str, addresses: Addresses, names: dict[str, list[str]]
) -> None:
    names["hooks.example.com"] = [PUBLIC, "2606:4700::1111"]
    await addresses.check(address)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("ftp://hooks.example.com/", "http:// or https://"),
        ("file:///etc/passwd", "http:// or https://"),
        ("hooks.example.com/a", "http:// or https://"),
        ("https://", "http:// or https://"),
        ("https://hooks.example.com/a b", "http:// or https://"),
        ("https://hooks.example.com/\r\nHost: x", "http:// or https://"),
        ("https://hooks.example.com:99999/", "http:// or https://"),
        ("", "http:// or https://"),
        ("https://me:secret@hooks.example.com/", "user name"),
        ("https://me@hooks.example.com/", "user name"),
        ("https://hooks.example.com/#part", "fragment"),
        ("https://hooks.example.com:22/", "port"),
        ("https://hooks.example.com:0/", "port"),
        ("https://hooks.example.com/" + "a" * 2000, "2000 characters"),
        ("https://nowhere.invalid/", "host that is known"),
        ("https://" + "a" * 70 + ".example/", "host that is known"),
        ("http://127.0.0.1/", "private or reserved"),
        ("http://127.1/", "private or reserved"),
        ("http://2130706433/", "private or reserved"),
        ("http://0x7f.1/", "private or reserved"),
        ("http://0/", "private or reserved"),
        ("http://localhost/", "private or reserved"),
        ("http://[::1]/", "private or reserved"),
        ("http://[::ffff:127.0.0.1]/", "private or reserved"),
        ("http://[64:ff9b::7f00:1]/", "private or reserved"),
        ("http://169.254.169.254/latest/meta-data", "private or reserved"),
        ("https://inside.example.com/", "private or reserved"),
        ("https://half.example.com/", "private or reserved"),
    ],
)
async def test_a_webhook_goes_nowhere_else(
    address: str, why: str, addresses: Addresses, names: dict[str, list[str]]
) -> None:
    names["hooks.example.com"] = [PUBLIC]
    names["inside.example.com"] = ["10.0.0.7"]
    names["half.example.com"] = [PUBLIC, "192.168.0.1"]
    names["nowhere.invalid"] = []
    with pytest.raises(WebhookRefusedError, match=why) as caught:
        await addresses.check(address)
    assert "secret" not in str(caught.value)


async def test_the_operator_may_allow_networks(names: dict[str, list[str]]) -> None:
    names["inside.example.com"] = ["10.0.0.7"]
    addresses = Addresses([ip_network("10.0.0.0/8")])
    await addresses.check("http://inside.example.com:8000/hook")
    with pytest.raises(WebhookRefusedError):
        await addresses.check("http://127.0.0.1:8000/hook")
    addresses.close()


def test_a_connection_is_checked_when_its_socket_is_made(addresses: Addresses) -> None:
    info = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("10.0.0.7", 80))
    with pytest.raises(WebhookRefusedError):
        addresses.open_socket(info)
