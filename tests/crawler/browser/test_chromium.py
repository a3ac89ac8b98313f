"""Which addresses a browser may reach, and how it is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.browser.chromium import Reach, launch_options
from settings.env import Environment, SettingsError

TIKTOK = Environment(
    tiktok_url="https://www.tiktok.com", tiktok_media_hosts=(".tiktok.com", ".tiktokcdn.com")
)
SITE = Environment(tiktok_url="http://127.0.0.1:8123", tiktok_media_hosts=(".tiktokcdn.com",))


@pytest.mark.parametrize(
    "address",
    [
        "https://www.tiktok.com/@ada",
        "https://m.tiktok.com/api/",
        "https://v16.tiktokcdn.com/x",
        "https://sf16.ttwstatic.com/a.js",
        "wss://im.tiktok.com/ws",
        "https://WWW.TikTok.com/@ada",
        "data:text/plain,x",
        "about:blank",
    ],
)
def test_tiktok_s_hosts_may_be_reached(address: str) -> None:
    assert Reach(TIKTOK).has(address)


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "https://eviltiktok.com/",
        "https://www.tiktok.com.evil.example/",
        "https://www.tiktok.com@evil.example/",
        "http://127.0.0.1/",
        "http://127.0.0.1:8123/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://localhost:6379/",
        "file:///etc/passwd",
        "ws://10.0.0.1/",
        "https://[",
        "https://www.tiktok.com:x/",
        "",
    ],
)
def test_no_other_host_may_be_reached(address: str) -> None:
    assert not Reach(TIKTOK).has(address)


def test_a_test_site_may_be_reached_at_its_port_alone() -> None:
    reach = Reach(SITE)
    assert reach.has("http://127.0.0.1:8123/@ada")
    assert not reach.has("http://127.0.0.1:8124/")
    assert not reach.has("http://127.0.0.1/")


def test_the_resolver_knows_the_same_hosts_and_no_other() -> None:
    rules = Reach(TIKTOK).resolver_rules.split(", ")
    assert rules[0] == "MAP * ~NOTFOUND"
    assert {"EXCLUDE *.tiktok.com", "EXCLUDE tiktok.com", "EXCLUDE *.ttwstatic.com"} <= set(rules)
    assert "EXCLUDE 127.0.0.1" not in rules
    proxied = TIKTOK.model_copy(update={"proxy_urls": ("http://proxy.example:3128",)})
    rules = Reach(proxied).resolver_rules.split(", ")
    assert "EXCLUDE 127.0.0.1" in rules
    assert not any("proxy.example" in rule for rule in rules)


@pytest.mark.parametrize("is_headed", [False, True])
def test_windows_are_opened_when_asked_for(is_headed: bool) -> None:
    found = Environment(chromium_path=Path("/bin/sh"), chromium_headed=is_headed)
    assert launch_options(found)["headless"] is not is_headed


def test_without_a_browser_it_is_said_how_to_get_one() -> None:
    nowhere = Environment(chromium_path=Path("/nowhere/chromium"))
    with pytest.raises(SettingsError, match="install Debian's package chromium"):
        launch_options(nowhere)
    asked_for = Environment(chromium_path=Path("/nowhere/chromium"), browser_workers=2)
    assert nowhere.browsers == 0
    with pytest.raises(SettingsError, match="BROWSER_WORKERS=2"):
        _ = asked_for.browsers
