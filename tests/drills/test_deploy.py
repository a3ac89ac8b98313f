"""Real MongoDB servers made a replica set as the compose file does it, and our API on them."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientSession
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from cli.ports import free_port
from services.children import spawn, stop
from services.mongodb import find_mongod
from tests.deploy.files import COMPOSE, DEPLOY, PROJECT
from tests.processes import Serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.drill

MEMBERS = ("mongo1", "mongo2", "mongo3")


def start_member(name: str, port: int, folder: Path) -> subprocess.Popen[bytes]:
    """A server as its container's command starts it, its places being here."""
    shell, flag, line = COMPOSE["services"][name]["command"]
    data, key = folder / name, folder / f"{name}.key"
    data.mkdir()
    here = (
        line.replace("/run/secrets/", f"{shlex.quote(str(folder))}/")
        .replace("/tmp/keyfile", str(key))
        .replace("exec mongod", f"exec {find_mongod()}")
        .replace("--bind_ip_all", f"--bind_ip 127.0.0.1 --port {port} --dbpath {data}")
    )
    return spawn([shell, flag, here], death_signal=signal.SIGKILL, log=folder / f"{name}.log")


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[list[str]]:
    subprocess.run([DEPLOY / "secrets.sh", tmp_path], check=True)
    ports = [free_port() for _ in MEMBERS]
    servers = [
        start_member(name, port, tmp_path) for name, port in zip(MEMBERS, ports, strict=True)
    ]
    yield [f"127.0.0.1:{port}" for port in ports]
    # Asked to end, each would wait for the others to catch up.
    for server in servers:
        server.kill()
        server.wait()


def initiate(folder: Path, hosts: list[str]) -> None:
    program = str(DEPLOY / "mongodb" / "initiate.py")
    subprocess.run([sys.executable, program, str(folder), *hosts], check=True, timeout=120)


async def test_the_replica_set_of_the_compose_file_serves_the_api(
    hosts: list[str], redis_url: str, tmp_path: Path
) -> None:
    initiate(tmp_path, hosts)
    initiate(tmp_path, hosts)

    made = (tmp_path / "mongodb_uri").read_text().strip()
    uri = re.sub(r"@[^/]*/", f"@{','.join(hosts)}/", made)
    with MongoClient[dict[str, Any]](uri) as client:
        assert client.admin.command("hello")["hosts"] == hosts
        with pytest.raises(OperationFailure, match="not authorized"):
            client.get_database("other").command("dbStats")

    (tmp_path / "mongodb_uri").write_text(f"{uri}\n")
    (tmp_path / "redis_url").write_text(f"{redis_url}\n")
    port = free_port()
    process = spawn(
        [sys.executable, PROJECT / "manage.py", "serve"],
        death_signal=signal.SIGKILL,
        log=tmp_path / "api.log",
        environment={
            **{name: value for name, value in os.environ.items() if name != "DATA_DIR"},
            "SECRETS_DIR": str(tmp_path),
            "DATA_DIR": "/proc/nowhere",
            "API_PORT": str(port),
        },
    )
    serving = Serving(
        mongodb_uri=uri, redis_url=redis_url, folder=tmp_path, port=port, process=process
    )
    try:
        async with ClientSession() as session:
            await serving.until_healthy(session)
            token = (tmp_path / "admin_token").read_text().strip()
            async with session.post(
                f"{serving.address}/admin/v1/accounts",
                headers={"Authorization": f"Bearer {token}"},
                json={"email": "a@example.com", "plan": "pro"},
            ) as answer:
                assert answer.status == 201
    finally:
        stop(process, within_s=20)
    assert "not authorized" not in (tmp_path / "api.log").read_text()
