"""Which servers run on a data folder, and how other commands find them."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from services.errors import DataInUseError
from services.holds import hold
from services.mongodb import EmbeddedMongo
from services.redis import EmbeddedValkey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from settings.env import Environment

LOCK = "lock"
_FILE = "servers.json"
_PUBLISHED_S = 30.0


@dataclass(slots=True, kw_only=True)
class Servers:
    """What runs, as it is published in the data folder."""

    mongodb_uri: str
    redis_url: str
    api: str | None = None
    processes: dict[str, int] = field(default_factory=dict)
    """Process ids by name."""

    def publish(self, folder: Path) -> None:
        """Write them where other commands look; only the owner may read it."""
        path = folder / _FILE
        draft = path.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(self), file)
        draft.replace(path)


def find(folder: Path) -> Servers | None:
    """The servers that run on this folder now; None when nobody holds it."""
    if not (folder / LOCK).exists():
        return None
    try:
        with hold(folder / LOCK, who=""):
            return None
    except DataInUseError:
        return _published(folder)


def _published(folder: Path) -> Servers | None:
    try:
        return Servers(**json.loads((folder / _FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def withdraw(folder: Path) -> None:
    """Take back what was published: nothing answers there any more."""
    (folder / _FILE).unlink(missing_ok=True)


@contextlib.contextmanager
def attached(environment: Environment) -> Iterator[Environment]:
    """The environment with addresses of databases that answer.

    Those that are given; else those that run on the data folder; else own ones, for as long as
    this context lasts.

    Raises:
        ServiceError: a database cannot be started, or whoever holds the folder has not published
            addresses in time.
    """
    with contextlib.ExitStack() as stack:
        if environment.mongodb_uri and environment.redis_url:
            yield environment
        else:
            yield _with(environment, _attach(environment, stack))


def _attach(environment: Environment, stack: contextlib.ExitStack) -> Servers:
    deadline = time.monotonic() + _PUBLISHED_S
    while True:
        try:
            who = f"process {os.getpid()}"
            stack.enter_context(hold(environment.data_dir / LOCK, who=who))
        except DataInUseError:
            servers = _published(environment.data_dir)
            if servers is not None:
                return servers
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return _start(environment, stack)


def _start(environment: Environment, stack: contextlib.ExitStack) -> Servers:
    withdraw(environment.data_dir)
    stack.callback(withdraw, environment.data_dir)
    uri, url = environment.mongodb_uri, environment.redis_url
    if uri is None:
        mongo = EmbeddedMongo(
            environment.data_dir / "mongodb", cache_gb=environment.mongodb_cache_gb
        )
        mongo.start()
        stack.callback(mongo.stop)
        uri = mongo.uri
    if url is None:
        valkey = EmbeddedValkey(environment.data_dir / "valkey")
        valkey.start()
        stack.callback(valkey.stop)
        url = valkey.url
    servers = Servers(mongodb_uri=uri, redis_url=url)
    servers.publish(environment.data_dir)
    return servers


def _with(environment: Environment, servers: Servers) -> Environment:
    return environment.model_copy(
        update={
            "mongodb_uri": environment.mongodb_uri or servers.mongodb_uri,
            "redis_url": environment.redis_url or servers.redis_url,
        }
    )
