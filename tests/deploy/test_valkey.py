"""A real Valkey on the configuration of the compose file."""

from __future__ import annotations

import re
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import AuthenticationError
from redis.retry import Retry

from cli.ports import free_port
from services.children import spawn, stop
from services.redis import find_valkey
from tests.deploy.files import DEPLOY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The address of a server with the secrets that the script makes."""
    subprocess.run([DEPLOY / "secrets.sh", tmp_path], check=True)
    port = free_port()
    places = {
        "bind * -::*": "bind 127.0.0.1",
        "port 6379": f"port {port}",
        "/run/secrets/": f"{tmp_path}/",
        "dir /data": f"dir {tmp_path}",
    }
    text = (DEPLOY / "valkey.conf").read_text()
    for container, here in places.items():
        assert container in text
        text = text.replace(container, here)
    (tmp_path / "valkey.conf").write_text(text)
    server = spawn(
        [find_valkey(), tmp_path / "valkey.conf"],
        death_signal=signal.SIGKILL,
        log=tmp_path / "log",
    )
    made = (tmp_path / "redis_url").read_text().strip()
    assert "@valkey:6379/" in made
    yield made.replace("@valkey:6379/", f"@127.0.0.1:{port}/")
    stop(server, within_s=10)


def test_it_keeps_what_has_no_end_and_lets_in_who_knows_the_password(url: str) -> None:
    patience = Retry(ConstantBackoff(0.05), 200)
    with Redis.from_url(url, decode_responses=True, retry=patience) as client:
        kept = client.config_get("maxmemory-policy", "appendonly", "appendfsync", "save")
        assert client.config_get("maxmemory")["maxmemory"] == str(1024**3)
    assert kept == {
        "maxmemory-policy": "volatile-ttl",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
    }
    stranger = re.sub(r"//:[^@]*@", "//", url)
    with Redis.from_url(stranger) as client, pytest.raises(AuthenticationError):
        client.ping()
