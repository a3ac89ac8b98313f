"""``manage.py doctor``: what is missing on this machine, and how to get it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from cli.output import as_json, print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from settings.env import Environment

_LEAST_FREE_BYTES = 2 * 1024**3


@click.command()
@as_json
def doctor(*, is_json: bool) -> None:
    """Say what is missing on this machine, and how to get it; ends with 1 if anything is."""
    from services.running import find
    from settings.env import read_environment

    environment = read_environment()
    servers = find(environment.data_dir)
    checks = [_checked(name, check, environment) for name, check in _CHECKS.items()]
    is_well = all(check["ok"] or check["optional"] for check in checks)
    if is_json:
        print_json(
            {
                "ok": is_well,
                "mongodb_uri": environment.mongodb_uri or (servers and servers.mongodb_uri),
                "redis_url": environment.redis_url or (servers and servers.redis_url),
                "processes": servers.processes if servers else {},
                "checks": checks,
            }
        )
    else:
        for check in checks:
            mark = "ok " if check["ok"] else ("-- " if check["optional"] else "NO ")
            click.echo(f"{mark} {check['name']}: {check['says']}")
        running = ", ".join(servers.processes) or "databases" if servers else "nothing"
        click.echo(f"running on {environment.data_dir}: {running}")
    sys.exit(0 if is_well else 1)


def _checked(
    name: str, check: Callable[[Environment], str], environment: Environment
) -> dict[str, Any]:
    try:
        says, is_ok = check(environment), True
    except Exception as error:
        says, is_ok = str(error), False
    return {"name": name, "ok": is_ok, "optional": name in _OPTIONAL, "says": says}


def _python(_: Environment) -> str:
    return sys.version.split()[0]


def _mongod(environment: Environment) -> str:
    from services.mongodb import find_mongod

    return "given by MONGODB_URI" if environment.mongodb_uri else str(find_mongod())


def _valkey(environment: Environment) -> str:
    from services.redis import find_valkey

    return "given by REDIS_URL" if environment.redis_url else str(find_valkey())


def _folder(environment: Environment) -> str:
    import shutil
    import tempfile

    if all((environment.mongodb_uri, environment.redis_url, *_keys(environment))):
        return "none is needed: databases and keys are given"
    folder = environment.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise RuntimeError(f"{error}: set DATA_DIR to a folder that may be written") from None
    free = shutil.disk_usage(folder).free
    if free < _LEAST_FREE_BYTES:
        raise RuntimeError(f"only {free // 1024**2} MiB are free under {folder}: make room")
    return f"{folder} is writable, {free // 1024**3} GiB free"


def _keys(environment: Environment) -> tuple[str | None, str | None]:
    return environment.secret_key, environment.admin_token


def _address(environment: Environment) -> str:
    return environment.public_address


def _port(environment: Environment) -> str:
    from cli.ports import check_port
    from services.running import find

    servers = find(environment.data_dir)
    if servers and servers.api == environment.public_address:
        return f"{environment.api_port} is our API's, which runs"
    check_port(environment)
    return f"{environment.api_port} is free"


def _archive(environment: Environment) -> str:
    from services.archive import open_archive

    if environment.archive_url is None:
        return "off: set ARCHIVE_URL to keep media"
    return open_archive(environment.archive_url).check()


def _chromium(environment: Environment) -> str:
    import subprocess

    from settings.env import HOW_TO_GET_CHROMIUM

    if environment.chromium is None:
        raise RuntimeError(f"not found, so lists cannot be crawled: {HOW_TO_GET_CHROMIUM}")
    try:
        told = subprocess.check_output(
            [environment.chromium, "--version"], text=True, stderr=subprocess.DEVNULL, timeout=20
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise RuntimeError(f"{environment.chromium} does not run: {error}") from None
    return f"{environment.chromium}, {told.strip()}"


_CHECKS: dict[str, Callable[[Environment], str]] = {
    "python": _python,
    "mongodb": _mongod,
    "redis": _valkey,
    "data folder": _folder,
    "public address": _address,
    "port": _port,
    "archive": _archive,
    "browser": _chromium,
}
_OPTIONAL = frozenset({"browser"})
