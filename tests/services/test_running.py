from __future__ import annotations

import stat
import threading
from typing import TYPE_CHECKING

import redis as redis_sync

from services.holds import hold
from services.running import LOCK, Servers, attached, find, withdraw
from settings.env import Environment

if TYPE_CHECKING:
    from pathlib import Path

SERVERS = Servers(mongodb_uri="mongodb://127.0.0.1:1/tiktok", redis_url="unix:///nowhere")


def test_nothing_runs_on_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert find(tmp_path / "data") is None
    assert not (tmp_path / "data").exists()


def test_what_is_published_counts_only_while_somebody_holds_the_folder(tmp_path: Path) -> None:
    with hold(tmp_path / LOCK, who="a test"):
        SERVERS.publish(tmp_path)
        assert find(tmp_path) == SERVERS
    assert find(tmp_path) is None


def test_published_addresses_are_for_the_owner_alone(tmp_path: Path) -> None:
    SERVERS.publish(tmp_path)
    assert stat.S_IMODE((tmp_path / "servers.json").stat().st_mode) == 0o600


def test_given_addresses_are_taken_as_they_are(tmp_path: Path) -> None:
    given = Environment(
        data_dir=tmp_path / "data", mongodb_uri=SERVERS.mongodb_uri, redis_url=SERVERS.redis_url
    )
    with attached(given) as connected:
        assert connected == given
    assert not given.data_dir.exists()


def test_a_command_waits_for_the_addresses_of_whoever_is_starting(tmp_path: Path) -> None:
    with hold(tmp_path / LOCK, who="a test"):
        publishing = threading.Timer(0.3, lambda: SERVERS.publish(tmp_path))
        publishing.start()
        with attached(Environment(data_dir=tmp_path)) as connected:
            assert connected.redis_url == SERVERS.redis_url
        publishing.join()


def test_a_given_address_goes_before_a_published_one(tmp_path: Path) -> None:
    with hold(tmp_path / LOCK, who="a test"):
        SERVERS.publish(tmp_path)
        with attached(Environment(data_dir=tmp_path, redis_url="redis://given")) as connected:
            assert connected.redis_url == "redis://given"
            assert connected.mongodb_uri == SERVERS.mongodb_uri


def test_own_servers_run_for_as_long_as_they_are_needed(tmp_path: Path) -> None:
    given = Environment(data_dir=tmp_path, mongodb_uri=SERVERS.mongodb_uri)
    with attached(given) as connected:
        servers = find(tmp_path)
        assert servers is not None
        assert servers.redis_url == connected.redis_url
        with redis_sync.Redis.from_url(servers.redis_url) as client:
            assert client.ping()
    assert find(tmp_path) is None
    assert not (tmp_path / "servers.json").exists()


def test_withdrawing_what_was_never_published_is_nothing(tmp_path: Path) -> None:
    withdraw(tmp_path)
    assert find(tmp_path) is None
