from __future__ import annotations

import pytest
from pydantic import ValidationError

from crawler.egress.names import DIRECT, egresses_of, proxy_of
from settings.env import Environment, SettingsError, read_environment

ONE, OTHER = "http://ann:s3cret@proxy.example:8000", "http://bob:s3cret@proxy.example:8000"


def test_without_a_proxy_there_is_one_egress() -> None:
    assert egresses_of(()) == {DIRECT: None}


def test_names_tell_proxies_apart_and_hold_neither_user_nor_password() -> None:
    names = egresses_of((ONE, OTHER, "http://plain.example"))

    assert list(names.values()) == [ONE, OTHER, "http://plain.example"]
    assert list(names)[2] == "plain.example:80"
    for name in names:
        assert not {"ann", "bob", "s3cret"} & set(name.replace(".", "-").split("-"))
    assert all(name.startswith("proxy.example:8000-") for name in list(names)[:2])


def test_a_new_password_changes_no_name() -> None:
    assert list(egresses_of((ONE,))) == list(egresses_of((ONE.replace("s3cret", "other"),)))


def test_proxies_that_differ_by_their_password_alone_have_names_of_their_own() -> None:
    first, second = egresses_of((ONE, ONE.replace("s3cret", "other"), ONE))

    assert second == f"{first}.2"


def test_what_a_vanished_egress_was_given_is_fetched_through_the_first() -> None:
    name = next(iter(egresses_of((OTHER,))))

    assert proxy_of(name, (ONE, OTHER)) == OTHER
    assert proxy_of("gone:1", (ONE, OTHER)) == ONE
    assert proxy_of(None, (ONE,)) == ONE
    assert proxy_of(DIRECT, ()) is None
    assert proxy_of("gone:1", ()) is None


@pytest.mark.parametrize(
    "address", ["socks5://a:s3cret@b:1", "proxy.example:8000", "http://", "http://a:s3cret@b:port"]
)
def test_what_is_no_proxy_is_refused_without_repeating_it(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError):
        Environment(proxy_urls=(address,))
    monkeypatch.setenv("PROXY_URLS", address)
    with pytest.raises(SettingsError, match="PROXY_URLS: ") as refused:
        read_environment()
    assert "s3cret" not in str(refused.value)
