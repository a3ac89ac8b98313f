"""All processes of one machine: what ``manage.py up`` starts, watches and ends."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click
import orjson
from pymongo.errors import PyMongoError

from cli.demo import LINK, curl_line, demo_key
from cli.migrate import bring_up_to_date
from cli.ports import answers, check_port, free_port, local_address, read
from cli.program import Program, command
from services.archive import open_archive
from services.errors import ServiceError
from services.holds import hold
from services.mongodb import EmbeddedMongo
from services.redis import EmbeddedValkey
from services.running import LOCK, Servers, withdraw
from services.supervisor import Supervisor
from settings.env import HOW_TO_GET_CHROMIUM

if TYPE_CHECKING:
    from collections.abc import Callable

    from settings.env import Environment

logger = logging.getLogger(__name__)

_READY_S = 60.0


class House:
    """Everything that runs on one data folder."""

    def __init__(self, environment: Environment, *, site: str | None) -> None:
        self._environment = environment
        self._folder = environment.data_dir
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
        with hold(self._folder / LOCK, who=who, wait_s=0.5):
            check_port(self._environment)
            if self._environment.archive_url is not None:
                open_archive(self._environment.archive_url).check()
            withdraw(self._folder)
            self._supervisor.catch_signals()
            try:
                self._start(site_folder)
                self._greet(address)
                self._supervisor.watch()
                logger.info("ending: what is in hand is finished")
            finally:
                self._supervisor.stop(
                    together=["api", "scheduler", *self._workers, *self._browsers, "archive"]
                )
                withdraw(self._folder)

    @property
    def _workers(self) -> list[str]:
        return [f"worker-{number + 1}" for number in range(self._environment.crawl_workers)]

    @property
    def _browsers(self) -> list[str]:
        return [f"browser-{number + 1}" for number in range(self._environment.browsers)]

    def _start(self, site_folder: Path | None) -> None:
        self._servers.mongodb_uri = self._environment.mongodb_uri or self._start_mongodb()
        self._servers.redis_url = self._environment.redis_url or self._start_redis()
        self._migrate()
        variables = {
            **os.environ,
            "DATA_DIR": str(self._folder.resolve()),
            "MONGODB_URI": self._servers.mongodb_uri,
            "REDIS_URL": self._servers.redis_url,
        }
        if self._environment.archive_url is not None:
            variables["ARCHIVE_URL"] = self._environment.archive_url
        if self._site is not None:
            variables |= self._start_site(site_folder, variables)
        for name in self._workers:
            self._start_program(name, command("worker"), variables)
        self._start_browsers(variables)
        if self._environment.archive_url is not None:
            self._start_program("archive", [*command("worker"), "--archive"], variables)
        self._start_program("scheduler", command("scheduler"), variables)
        api = self._start_program("api", command("serve"), variables)
        health = f"{local_address(self._environment)}/health"
        self._wait_until(lambda: answers(health), "the API", api)
        self._servers.api = self._environment.public_address
        self._publish(self._servers.processes)

    def _migrate(self) -> None:
        """Bring what is stored up to this version; without MongoDB all starts just the same."""
        try:
            asyncio.run(bring_up_to_date(self._servers.mongodb_uri))
        except (PyMongoError, OSError) as error:
            logger.warning("what is stored is as it was, run migrate: %s", error)

    def _start_browsers(self, variables: dict[str, str]) -> None:
        for name in self._browsers:
            self._start_program(name, [*command("worker"), "--browser"], variables)
        if not self._browsers:
            why = "BROWSER_WORKERS is 0"
            if self._environment.chromium is None:
                why = f"no Chromium is found: {HOW_TO_GET_CHROMIUM}"
            logger.warning("lists are answered with browser_unavailable, for %s", why)

    def _start_mongodb(self) -> str:
        server = EmbeddedMongo(
            self._folder / "mongodb", cache_gb=self._environment.mongodb_cache_gb
        )
        self._supervisor.start("mongodb", server)
        return server.uri

    def _start_redis(self) -> str:
        server = EmbeddedValkey(self._folder / "valkey")
        self._supervisor.start("redis", server)
        return server.url

    def _start_site(self, folder: Path | None, variables: dict[str, str]) -> dict[str, str]:
        port = free_port()
        arguments = ["-m", "tests.site", "--port", str(port)]
        if folder is not None:
            arguments += ["--folder", str(folder)]
        site = self._start_program("site", arguments, variables)
        self._site_url = f"http://127.0.0.1:{port}"
        self._wait_until(lambda: answers(f"{self._site_url}/_site/posts"), "the site", site)
        media_hosts = [*self._environment.tiktok_media_hosts, f"127.0.0.1:{port}"]
        return {"TIKTOK_URL": self._site_url, "TIKTOK_MEDIA_HOSTS": ",".join(media_hosts)}

    def _start_program(self, name: str, arguments: list[str], variables: dict[str, str]) -> Program:
        program = Program(arguments, variables)
        self._supervisor.start(name, program)
        return program

    def _publish(self, processes: dict[str, int]) -> None:
        self._servers.processes = processes
        if self._servers.mongodb_uri and self._servers.redis_url:
            self._servers.publish(self._folder)

    def _wait_until(self, is_ready: Callable[[], bool], what: str, program: Program) -> None:
        deadline = time.monotonic() + _READY_S
        while not (self._supervisor.is_stopping or is_ready()):
            if program.exit_code is not None:
                raise ServiceError(f"{what} ended at once (exit {program.exit_code}): see above")
            if time.monotonic() > deadline:
                raise ServiceError(f"{what} was not ready within {_READY_S:.0f} s: see above")
            time.sleep(0.05)

    def _check_site(self) -> Path | None:
        """The folder to replay, None for the bundled site or for TikTok itself."""
        if self._site in {None, "sample"}:
            return None
        folder = Path(str(self._site)).resolve()
        if not folder.is_dir():
            raise ServiceError(f"SITE={self._site} is neither 'sample' nor a folder")
        return folder

    def _greet(self, address: str) -> None:
        """Say how to call, with a line that works when it is pasted."""
        if self._supervisor.is_stopping:
            return
        link = self._link()
        key = asyncio.run(demo_key(self._servers, self._folder))
        click.echo(
            f"\nThe API answers at {address} (its documentation at {address}/docs). Try:\n\n"
            f"  {curl_line(address, key=key, link=link)}\n\n"
            f"{self._how_to_command()}"
            "Ctrl-C ends everything.\n"
        )

    def _how_to_command(self) -> str:
        """How commands find databases that are not where they look by themselves."""
        if self._site is None:
            return ""
        here, folder = Path.cwd(), self._folder.resolve()
        named = folder.relative_to(here) if folder.is_relative_to(here) else folder
        return f"Its commands: DATA_DIR={named} .venv/bin/python manage.py --help\n\n"

    def _link(self) -> str:
        """A link to a post that the site really has."""
        if self._site is None:
            return LINK
        posts = orjson.loads(read(f"{self._site_url}/_site/posts"))
        if not posts:
            raise ServiceError(f"SITE={self._site} holds no recorded post")
        return f"https://www.tiktok.com{urlsplit(posts[0]['link']).path}"
