"""A real server that speaks S3, for as long as the tests run."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.session import get_session

from cli.ports import free_port
from services.children import spawn, stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class S3:
    """A server and who may use it."""

    variables: dict[str, str]
    client: Any

    def make_bucket(self, name: str) -> str:
        self.client.create_bucket(Bucket=name)
        return name

    def sizes(self, bucket: str) -> dict[str, int]:
        """How long each object of a bucket is."""
        found = self.client.list_objects_v2(Bucket=bucket).get("Contents", ())
        return {one["Key"]: one["Size"] for one in found}


@contextlib.contextmanager
def an_s3(folder: Path) -> Iterator[S3]:
    port = free_port()
    server = spawn(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        death_signal=signal.SIGKILL,
        log=folder / "s3.log",
    )
    try:
        _wait_for(port)
        variables = {
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "no secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        client = get_session().create_client(
            "s3",
            region_name="us-east-1",
            endpoint_url=variables["AWS_ENDPOINT_URL_S3"],
            aws_access_key_id="tests",
            aws_secret_access_key="no secret",
        )
        yield S3(variables=variables, client=client)
        client.close()
    finally:
        stop(server, within_s=5)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
