from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pymongo import MongoClient

from services.errors import DataInUseError
from services.holds import hold
from services.mongodb import TRANSACTION_S, Document, EmbeddedMongo
from services.redis import EmbeddedValkey


@pytest.mark.drill
def test_what_was_written_is_there_after_a_restart_on_another_port(tmp_path: Path) -> None:
    first = EmbeddedMongo(tmp_path, cache_gb=0.25)
    first.start()
    with MongoClient[Document](first.uri) as client:
        client.tiktok.kept.insert_one({"_id": "1"})
    first.stop()
    (tmp_path / "port").unlink()

    second = EmbeddedMongo(tmp_path, cache_gb=0.25)
    second.start()
    with MongoClient[Document](second.uri) as client:
        assert client.tiktok.kept.find_one() == {"_id": "1"}
    second.stop()


def test_who_dies_in_a_transaction_is_not_waited_for_long(mongodb_server: str) -> None:
    with MongoClient[Document](mongodb_server) as client:
        limit = client.admin.command("getParameter", 1, transactionLifetimeLimitSeconds=1)
    assert limit["transactionLifetimeLimitSeconds"] == TRANSACTION_S


def test_a_second_holder_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    with (
        hold(tmp_path / "lock", who="process 4711"),
        pytest.raises(DataInUseError, match=r"in use by process 4711"),
        hold(tmp_path / "lock", who="process 4712"),
    ):
        pytest.fail("held twice")


def test_the_servers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys, time\n"
        "from services.redis import EmbeddedValkey\n"
        "server = EmbeddedValkey(pathlib.Path(sys.argv[1]))\n"
        "server.start()\n"
        "print(server.process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)

    deadline = time.monotonic() + 10
    while _is_running(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_running(server)


def test_a_socket_path_too_long_for_the_kernel_is_replaced(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path / ("d" * 120))
    server.start()
    server.stop()
    assert len(str(server.socket)) < 108


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
