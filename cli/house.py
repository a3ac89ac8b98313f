"""All processes of one machine: what ``manage.py up`` starts, watches and ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import click
import orjson

from accounts.accounts import Accounts
from accounts.collections import prepare
from accounts.errors import AccountExistsError
from accounts.keys import Keys
from services import mongodb, redis
from services.children import spawn, stop
from services.errors import ServiceError
from services.holds import hold
from services.mongodb import EmbeddedMongo
from services.redis import EmbeddedValkey
from services.running import LOCK, Servers
from services.supervisor import Supervisor
from settings.plans import PlanName

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from settings.env import Environment

logger = logging.getLogger(__name__)

DEMO_EMAIL = "demo@example.com"
DEMO_LINK = "https://www.tiktok.com/@scout2015/video/6718335390845095173"
_PROJECT = Path(__file__).parent.parent
_READY_S = 60.0
_DRAIN_S = 30.0


@dataclass(slots=True)
class Program:
    """A Python program of ours as a child process."""

    arguments: list[str]
    environment: dict[str, str]
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running process."""
        if self._process is None:
            raise ServiceError(f"{self.arguments} is not started")
        return self._process

    def start(self) -> None:
        """Start it; it is killed when this process is gone, and loses nothing by that."""
        self._process = spawn(
            [sys.executable, *self.arguments],
            death_signal=signal.SIGKILL,
            environment=self.environment,
        )

    def stop(self) -> None:
        """Let it finish what it has in hand."""
        stop(self.process, within_s=_DRAIN_S)


class House:
    """Everything that runs on one data folder."""

    def __init__(self, environment: Environment, *, site: str | None) -> None:
        self._environment = environment
        self._site = site
        self._site_url = ""
        self._servers = Servers(mongodb_uri="", redis_url="")
        self._supervisor = Supervisor(changed=self._publish)

    def run(self) -> None:
        """Run until somebody asks to end.

        Raises:
            ServiceError: something cannot be started; what had been started is ended again.
            SettingsError: the settings contradict each other.
        """
        address = self._environment.public_address
        site_folder = self._check_site()
        who = f"process {os.getpid()} (manage.py up, since {time.strftime('%Y-%m-%d %H:%M:%S')})"
        with hold(self._environment.data_dir / LOCK, who=who, wait_s=0.5):
            self._check_port()
            self._supervisor.catch_signals()
            try:
                self._start(site_folder)
                self._greet(address)
                self._supervisor.watch()
                logger.info("ending: what is in hand is finished")
            finally:
                self._supervisor.stop(together=["api", *self._workers])

    @property
    def _workers(self) -> list[str]:
        return [f"worker-{number + 1}" for number in range(self._environment.crawl_workers)]

    def _start(self, site_folder: Path | None) -> None:
        environment = self._environment
        self._servers.mongodb_uri = environment.mongodb_uri or self._start_mongodb()
        self._servers.redis_url = environment.redis_url or self._start_redis()
        variables = {
            **os.environ,
            "PYTHONPATH": str(_PROJECT),
            "DATA_DIR": str(environment.data_dir.resolve()),
            "MONGODB_URI": self._servers.mongodb_uri,
            "REDIS_URL": self._servers.redis_url,
        }
        if self._site is not None:
            variables |= self._start_site(site_folder, variables)
        for name in self._workers:
            self._start_program(name, ["manage.py", "worker"], variables)
        self._start_program("api", ["manage.py", "serve"], variables)
        self._servers.api = environment.public_address
        self._publish(self._servers.processes)
        self._wait_until(self._api_answers, "the API")

    def _start_mongodb(self) -> str:
        folder = self._environment.data_dir / "mongodb"
        server = EmbeddedMongo(folder, cache_gb=self._environment.mongodb_cache_gb)
        self._supervisor.start("mongodb", server)
        return server.uri

    def _start_redis(self) -> str:
        server = EmbeddedValkey(self._environment.data_dir / "valkey")
        self._supervisor.start("redis", server)
        return server.url

    def _start_site(self, folder: Path | None, variables: dict[str, str]) -> dict[str, str]:
        host = f"127.0.0.1:{_free_port()}"
        arguments = ["-m", "tests.site", "--port", host.rpartition(":")[2]]
        if folder is not None:
            arguments += ["--folder", str(folder)]
        self._start_program("site", arguments, variables)
        url = self._site_url = f"http://{host}"
        self._wait_until(lambda: _answers(f"{url}/_site/posts"), "the site")
        media_hosts = [*self._environment.tiktok_media_hosts, host]
        return {"TIKTOK_URL": url, "TIKTOK_MEDIA_HOSTS": ",".join(media_hosts)}

    def _start_program(self, name: str, arguments: list[str], variables: dict[str, str]) -> None:
        if arguments[0] == "manage.py":
            arguments = [str(_PROJECT / "manage.py"), *arguments[1:]]
        self._supervisor.start(name, Program(arguments, variables))

    def _publish(self, processes: dict[str, int]) -> None:
        self._servers.processes = processes
        self._servers.publish(self._environment.data_dir)

    def _wait_until(self, is_ready: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _READY_S
        while not is_ready():
            if self._supervisor.is_stopping:
                return
            if time.monotonic() > deadline:
                raise ServiceError(f"{what} was not ready within {_READY_S:.0f} s: see the log")
            time.sleep(0.05)

    def _api_answers(self) -> bool:
        return _answers(f"{self._local_address}/health")

    @property
    def _local_address(self) -> str:
        host = self._environment.api_host
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared
        return f"http://{host}:{self._environment.api_port}"

    def _check_site(self) -> Path | None:
        """The folder to replay, None for the bundled site or for TikTok itself."""
        if self._site in {None, "sample"}:
            return None
        folder = Path(str(self._site)).resolve()
        if not folder.is_dir():
            raise ServiceError(f"SITE={self._site} is neither 'sample' nor a folder")
        return folder

    def _check_port(self) -> None:
        host, port = self._environment.api_host, self._environment.api_port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise ServiceError(
                    f"cannot listen on {host}:{port} ({error.strerror}): set API_PORT or API_HOST"
                ) from None

    def _greet(self, address: str) -> None:
        """Say how to call, with a line that works when it is pasted."""
        if self._supervisor.is_stopping:
            return
        key = asyncio.run(self._demo_key())
        body = orjson.dumps({"url": self._demo_link()}).decode()
        click.echo(
            f"\nThe API answers at {address} (its documentation at {address}/docs). Try:\n\n"
            f"  curl -s {address}/api/v1/video/extract -H 'X-API-Key: {key}'"
            f" -H 'Content-Type: application/json' -d '{body}'\n\n"
            "Ctrl-C ends everything.\n"
        )

    async def _demo_key(self) -> str:
        """The demo account's key, kept since the first start."""
        path = self._environment.data_dir / "demo-key"
        with contextlib.suppress(OSError):
            return path.read_text().strip()
        uri = self._servers.mongodb_uri
        async with mongodb.connect(uri) as client, redis.connect(self._servers.redis_url) as cache:
            database = mongodb.database(client, uri)
            await prepare(database)
            accounts = Accounts(database, cache)
            try:
                account = await accounts.create(DEMO_EMAIL, PlanName.BASIC)
            except AccountExistsError:
                account = await accounts.find(DEMO_EMAIL)
            _, secret = await Keys(database, cache).issue(account.id, label="demo")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(secret)
        return secret

    def _demo_link(self) -> str:
        """A link to a post that the site really has."""
        if self._site is None:
            return DEMO_LINK
        posts = orjson.loads(_get(f"{self._site_url}/_site/posts"))
        path = next(urlsplit(post["link"]).path for post in posts if post["id"])
        return f"https://www.tiktok.com{path}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _get(url: str) -> bytes:
    with urlopen(url, timeout=2) as response:  # noqa: S310 - our own processes on this machine
        return bytes(response.read())


def _answers(url: str) -> bool:
    try:
        _get(url)
    except (URLError, OSError):
        return False
    return True
