"""The programs of the page on receiving webhooks, run as they stand there."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession

from api.webhook_examples import BODY
from crawler.jobs.webhooks.addresses import Addresses
from crawler.jobs.webhooks.posting import ANSWER_S, Poster, signed_headers
from crawler.jobs.webhooks.sender import DELAYS_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

PROJECT = Path(__file__).parent.parent.parent
PAGE = (PROJECT / "docs" / "webhooks.md").read_text()
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
COMMANDS: dict[str, Callable[[Path, int], list[str]]] = {
    "Python": lambda program, _: [sys.executable, str(program)],
    "JavaScript": lambda program, _: ["node", str(program)],
    "PHP": lambda program, port: ["php", "-S", f"127.0.0.1:{port}", str(program)],
}


def write_program(title: str, folder: Path) -> Path:
    """The program as it stands on the page."""
    found = re.search(rf"\n## {title}\n.*?```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    path = folder / "program"
    path.write_text(found[1])
    return path


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Receiver:
    """A program that listens."""

    url: str
    process: asyncio.subprocess.Process
    log: Path

    async def ask(self, headers: dict[str, str], body: str = BODY) -> int:
        async with (
            ClientSession() as session,
            session.post(self.url, data=body.encode(), headers=headers) as answer,
        ):
            return answer.status

    async def until_up(self) -> None:
        port = int(self.url.rpartition(":")[2])
        async with asyncio.timeout(20):
            while self.process.returncode is None:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    return
                await asyncio.sleep(0.02)
        raise AssertionError(self.log.read_text())


@pytest.fixture(params=COMMANDS)
async def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Receiver]:
    port = free_port()
    command = COMMANDS[request.param](write_program(request.param, tmp_path), port)
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not here")
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=os.environ | {"PORT": str(port), "WEBHOOK_SECRET": SECRET},
            stdout=output,
            stderr=output,
        )
    one = Receiver(f"http://127.0.0.1:{port}", process, log)
    try:
        await one.until_up()
        yield one
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def signed(secrets: list[str], *, late_s: float = 0, message_id: str = "msg_1") -> dict[str, str]:
    at = datetime.now(UTC) - timedelta(seconds=late_s)
    return signed_headers(BODY, message_id=message_id, secrets=secrets, at=at)


async def test_the_program_takes_what_we_send(receiver: Receiver) -> None:
    addresses = Addresses([ip_network("127.0.0.0/8")])
    poster = Poster(addresses)
    attempts = [
        await poster.post(receiver.url, BODY, message_id="msg_1", secrets=secrets)
        for secrets in ([SECRET], [OTHER, SECRET])
    ]
    await poster.close()
    addresses.close()

    assert [(one.status, one.error) for one in attempts] == [(204, None)] * 2
    told = "crawl.succeeded crawl_5f0c1d2e3a4b5c6d7e8f"
    assert receiver.log.read_text().count(told) == 2


async def test_the_program_refuses_what_is_forged_changed_or_old(receiver: Receiver) -> None:
    good = signed([SECRET])

    assert await receiver.ask(good) == 204
    assert await receiver.ask(signed([OTHER])) == 401
    assert await receiver.ask(good, BODY.replace("succeeded", "failed")) == 401
    assert await receiver.ask(good | {"webhook-id": "msg_2"}) == 401
    assert await receiver.ask(signed([SECRET], late_s=400)) == 401
    assert await receiver.ask(signed([SECRET], late_s=-400)) == 401
    assert await receiver.ask({}) == 401
    assert await receiver.ask(good | {"webhook-timestamp": "soon"}) == 401
    assert await receiver.ask(good | {"webhook-signature": "v1,ü"}) == 401
    assert await receiver.ask(good) == 204


@pytest.mark.parametrize(
    ("secrets", "late_s", "changes", "code"),
    [
        ([SECRET], 0, {}, 0),
        ([OTHER, SECRET], 0, {}, 0),
        ([OTHER], 0, {}, 1),
        ([SECRET], 400, {}, 1),
        ([SECRET], 0, {"webhook-id": "msg_2"}, 1),
        ([SECRET], 0, {"webhook-timestamp": "x[$(date)]"}, 1),
    ],
)
def test_the_shell_verifies_what_was_saved(
    tmp_path: Path, secrets: list[str], late_s: float, changes: dict[str, str], code: int
) -> None:
    headers = signed(secrets, late_s=late_s) | changes
    program = write_program("Shell", tmp_path)
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    ended = subprocess.run(
        ["/bin/sh", program, *(headers[name] for name in names)],
        input=BODY.encode(),
        env=os.environ | {"WEBHOOK_SECRET": SECRET},
        capture_output=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (code, b"")
    assert ended.stdout == (b"genuine\n" if code == 0 else b"")


def test_the_times_of_the_page_are_those_of_the_sender() -> None:
    units = {"s": 1, "min": 60, "h": 3600}
    found = re.findall(r"^\| \d+ \| (\d+) (s|min|h) \|$", PAGE, re.MULTILINE)

    assert tuple(int(number) * units[unit] for number, unit in found) == DELAYS_S
    assert f"within {ANSWER_S:.0f} s" in PAGE
    assert BODY in PAGE
