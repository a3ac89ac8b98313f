from __future__ import annotations

import pytest

from accounts.errors import AccountsError
from accounts.networks import MAX_NETWORKS, are_open_to, network, networks


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        (" 203.0.113.7/24 ", "203.0.113.0/24"),
        ("2001:DB8::7/32", "2001:db8::/32"),
        ("2001:db8::7", "2001:db8::7/128"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::/0", "::/0"),
    ],
)
def test_a_network_has_one_form(written: str, meant: str) -> None:
    assert network(written) == meant


@pytest.mark.parametrize(
    "text",
    ["", "office", "203.0.113", "203.0.113.7/33", "2001:db8::/129", "1.1.1.1\x00", "1" * 99],
)
def test_what_is_no_network_is_said_so_briefly(text: str) -> None:
    with pytest.raises(AccountsError, match="is no network") as refused:
        network(text)
    assert len(str(refused.value)) < 160


def test_networks_are_kept_once_and_are_not_too_many() -> None:
    assert networks(["10.0.0.1", "10.0.0.1/32", "::ffff:10.0.0.1"]) == ("10.0.0.1/32",)
    many = [f"10.0.0.{number}" for number in range(MAX_NETWORKS + 1)]
    assert len(networks(many[:-1])) == MAX_NETWORKS
    with pytest.raises(AccountsError, match="50 networks at most, not 51"):
        networks(many)


@pytest.mark.parametrize(
    ("address", "is_open"),
    [
        ("203.0.113.9", True),
        ("::ffff:203.0.113.9", True),
        ("203.0.114.9", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("::1", False),
        ("", False),
        ("nonsense", False),
        (None, False),
    ],
)
def test_an_address_lies_within_or_does_not(address: str | None, is_open: bool) -> None:
    assert are_open_to(["203.0.113.0/24", "2001:db8::/32"], address) is is_open
