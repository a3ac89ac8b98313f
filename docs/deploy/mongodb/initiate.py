"""Make a replica set of MongoDB servers that run, and its users; do nothing where it is done.

    initiate.py PASSWORDS HOST:PORT…

Run it where the first server is 127.0.0.1: while there is no user, MongoDB lets nobody in but from
there. PASSWORDS is a folder with ``mongodb_root_password`` and ``mongodb_password``.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

REPLICA_SET = "rs0"
DATABASE = "tiktok"
WITHIN_S = 120.0
_ALREADY_INITIATED = 23
_MAY_NOT = 13
_USER_EXISTS = 51003


def main(passwords: Path, hosts: list[str]) -> None:
    """Do all that is not done yet, and wait for servers that are not up yet."""
    root, own = (
        (passwords / name).read_text().strip()
        for name in ("mongodb_root_password", "mongodb_password")
    )
    deadline = time.monotonic() + WITHIN_S
    while True:
        try:
            _initiate(hosts)
            _make_users(hosts[0], root=root, own=own)
        except PyMongoError as error:
            if time.monotonic() > deadline:
                raise
            print(f"not yet: {error}", file=sys.stderr)
            time.sleep(1)
        else:
            print(f"{REPLICA_SET} is {', '.join(hosts)}")
            return


def _initiate(hosts: list[str]) -> None:
    members = [
        # The first one is preferred, so that it is the one that users are made on.
        {"_id": number, "host": host, "priority": 1 if number else 2}
        for number, host in enumerate(hosts)
    ]
    with _first(hosts[0]) as client:
        try:
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
        except OperationFailure as error:
            # Where users are there already, a stranger may not ask.
            if error.code not in {_ALREADY_INITIATED, _MAY_NOT}:
                raise


def _make_users(first: str, *, root: str, own: str) -> None:
    with _first(first) as client:
        try:
            client.admin.command("createUser", "root", pwd=root, roles=["root"])
        except OperationFailure as error:
            if error.code not in {_MAY_NOT, _USER_EXISTS}:
                raise
    with _first(first, username="root", password=root) as client:
        try:
            roles = [{"role": "dbOwner", "db": DATABASE}]
            client.admin.command("createUser", DATABASE, pwd=own, roles=roles)
        except OperationFailure as error:
            if error.code != _USER_EXISTS:
                raise


def _first(host: str, **who: str) -> MongoClient[dict[str, Any]]:
    port = host.rpartition(":")[2]
    return MongoClient(
        f"mongodb://127.0.0.1:{port}/?directConnection=true",
        serverSelectionTimeoutMS=5000,
        **who,  # type: ignore[arg-type]
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
