"""Crawls and schedules over HTTP in a whole house: API, scheduler, worker, browser worker, site."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest

from cli.ports import answers
from tests.chromium import in_chromium
from tests.cli.running import running, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import Running

pytestmark = [
    pytest.mark.drill,
    in_chromium,
]

CSV = b"type,value\nvideo,7106594312292453675\nuser,@pim.skates23\nsearch,cooking\n"


class Client:
    """A caller with an account of its own."""

    def __init__(self, up: Running) -> None:
        created = up.command(
            "account", "create", "--email", "caller@example.com", "--plan", "pro", "--json"
        )
        self._key = json.loads(created.stdout)["key"]
        self._address = up.address

    def text(self, method: str, path: str, body: bytes | None = None, **headers: str) -> str:
        request = Request(  # noqa: S310 - of the house itself
            self._address + path,
            data=body,
            method=method,
            headers={"X-API-Key": self._key, "Content-Type": "application/json", **headers},
        )
        with urlopen(request, timeout=60) as answer:  # noqa: S310
            return str(answer.read().decode())

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Any:
        return json.loads(self.text(method, path, body, **headers))

    def watch(self, crawl: str, after: str | None = None) -> subprocess.Popen[str]:
        headers = ["-H", f"X-API-Key: {self._key}"]
        if after is not None:
            headers += ["-H", f"Last-Event-ID: {after}"]
        address = f"{self._address}/api/v1/crawls/{crawl}/events"
        command = ["curl", "-sN", "--max-time", "60", address, *headers]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def events(stream: str) -> list[tuple[str, str]]:
    """The ids and types of the events in a stream."""
    fields = [line.partition(": ")[::2] for line in stream.splitlines()]
    ids = [value for name, value in fields if name == "id"]
    return list(zip(ids, (value for name, value in fields if name == "event"), strict=True))


def test_a_file_of_targets_is_crawled_watched_fetched_and_paid_for(tmp_path: Path) -> None:
    with running(tmp_path, BROWSER_WORKERS="1") as up:
        client = Client(up)
        path, kind = "/api/v1/crawls?limit=20", {"Content-Type": "text/csv"}
        preview = client.call("POST", f"{path}&dry_run=true", CSV, **kind)
        crawl = client.call("POST", path, CSV, **kind)["id"]

        # The API is replaced while the crawl is watched: the rest comes from the next one.
        with client.watch(crawl) as watching:
            assert watching.stdout is not None
            begin = "".join(watching.stdout.readline() for _ in range(3))
            os.kill(up.processes["api"], signal.SIGTERM)
            begin += watching.stdout.read()
        assert watching.returncode == 0
        wait_until(lambda: answers(f"{up.address}/health"))
        seen = events(begin)
        rest = events(client.watch(crawl, seen[-1][0] if seen else None).communicate(timeout=60)[0])

        ended = client.call("GET", f"/api/v1/crawls/{crawl}")
        items = f"/api/v1/crawls/{crawl}/items"
        pages = client.call("GET", f"{items}?limit=1000")["items"]
        lines = [
            json.loads(one) for one in client.text("GET", f"{items}?format=jsonl").splitlines()
        ]
        table = list(csv.DictReader(io.StringIO(client.text("GET", f"{items}?format=csv"))))
        used = client.call("GET", "/api/v1/user/me")["requests_used"]

    assert (preview["targets"], preview["most_requests"]) == (3, 41)
    assert rest[-1][1] == "end"
    told = [one for one in (*seen, *rest) if one[1] == "target"]
    assert len({one for one, _ in told}) == len(told) == 3
    assert ended["state"] == "succeeded", ended
    assert {one["stop_reason"] for one in ended["targets"]} == {None, "limit"}
    assert 21 < ended["counts"]["items"] <= 41
    assert [one["sequence"] for one in pages] == list(range(1, ended["counts"]["items"] + 1))
    assert lines == pages
    assert [int(one["sequence"]) for one in table] == [one["sequence"] for one in pages]
    assert all(one["item"] for one in pages)
    assert used == ended["counts"]["items"]


def test_a_schedule_runs_when_it_is_asked_to(tmp_path: Path) -> None:
    with running(tmp_path) as up:
        client = Client(up)
        wish = {"targets": [{"type": "video", "value": "7106594312292453675"}], "cron": "@yearly"}
        schedule = client.call("POST", "/api/v1/schedules", json.dumps(wish).encode())["id"]
        path = f"/api/v1/schedules/{schedule}"

        run = client.call("POST", f"{path}/run")
        wait_until(
            lambda: client.call("GET", f"{path}/runs")["runs"][0]["crawl_state"] == "succeeded"
        )

        (crawl,) = client.call("GET", f"/api/v1/crawls?schedule={schedule}")["crawls"]
        assert (crawl["id"], crawl["counts"]["items"]) == (run["crawl"], 1)
        assert client.call("GET", "/api/v1/user/me")["requests_used"] == 1
