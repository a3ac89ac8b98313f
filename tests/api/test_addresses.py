from __future__ import annotations

from ipaddress import ip_network

import pytest
from aiohttp.test_utils import make_mocked_request

from api.addresses import caller_address

PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8:99::/48"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "caller"),
    [
        ("198.51.100.9", "203.0.113.7", "198.51.100.9"),
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "nonsense"),
        ("10.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("2001:db8:99::1", "2001:db8::7, 10.0.0.2", "2001:db8::7"),
        ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "::ffff:203.0.113.7", "::ffff:203.0.113.7"),
        ("10.0.0.1", "203.0.113.7, ::ffff:10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7:4711, 10.0.0.2:80", "203.0.113.7"),
        ("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("198.51.100.9", "10.0.0.1", "198.51.100.9"),
        ("::ffff:198.51.100.9", "203.0.113.7", "::ffff:198.51.100.9"),
        ("10.0.0.1", "[", ""),
    ],
)
def test_the_nearest_address_past_trusted_proxies_is_the_callers(
    peer: str, forwarded: str, caller: str
) -> None:
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": forwarded})

    assert caller_address(request.clone(remote=peer), PROXIES) == caller


def test_without_trusted_proxies_nothing_is_believed() -> None:
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": "203.0.113.7"})

    assert caller_address(request.clone(remote="10.0.0.1"), ()) == "10.0.0.1"
