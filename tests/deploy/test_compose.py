"""What the schema of compose files cannot say: all parts of ours fit together."""

from __future__ import annotations

import re
import subprocess
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest

from services.mongodb import TRANSACTION_S
from tests.deploy.files import COMPOSE, DEPLOY, filled

if TYPE_CHECKING:
    from pathlib import Path

SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]

each_service = pytest.mark.parametrize("name", SERVICES)


@each_service
def test_what_a_service_needs_is_declared(name: str) -> None:
    service = SERVICES[name]
    assert set(service.get("depends_on", {})) <= set(SERVICES)
    assert set(service.get("networks", [])) <= set(COMPOSE["networks"])
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    sources = [volume.partition(":")[0] for volume in service.get("volumes", [])]
    assert {source for source in sources if source[0] != "."} <= set(COMPOSE["volumes"])
    assert all((DEPLOY / source).is_file() for source in sources if source[0] == ".")


@each_service
def test_a_service_is_hardened_limited_and_started_again(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] in {"unless-stopped", "on-failure"}
    assert set(service["deploy"]["resources"]["limits"]) >= {"cpus", "memory"}
    assert name == "proxy" or re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])


def test_all_parts_are_there_as_often_as_they_should() -> None:
    commands = [
        " ".join(service["command"])
        for service in SERVICES.values()
        for _ in range(service["deploy"].get("replicas", 1))
        if service["image"].startswith("tiktok-") and "entrypoint" not in service
    ]
    assert sorted(commands) == [
        *("scheduler", "scheduler", "serve", "serve"),
        *("worker", "worker", "worker --archive", "worker --browser"),
    ]


def test_transactions_live_as_short_as_in_our_own_server() -> None:
    line = SERVICES["mongo1"]["command"][-1]
    assert f"transactionLifetimeLimitSeconds={TRANSACTION_S}" in line


def test_the_proxy_knows_each_api_by_name_and_is_trusted_by_it() -> None:
    proxy = SERVICES["proxy"]
    apis = {name: one for name, one in SERVICES.items() if one.get("command") == ["serve"]}
    upstreams = proxy["environment"]["UPSTREAMS"].split()
    assert upstreams == [f"{name}:{api['environment']['API_PORT']}" for name, api in apis.items()]
    for api in apis.values():
        (shared,) = set(api["networks"]) & set(proxy["networks"])
        (configured,) = COMPOSE["networks"][shared]["ipam"]["config"]
        assert ip_network(api["environment"]["TRUSTED_PROXIES"]) == ip_network(configured["subnet"])


def test_only_the_proxy_is_open_to_the_world() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    for name in ("mongo1", "mongo2", "mongo3", "valkey"):
        (network,) = SERVICES[name]["networks"]
        assert COMPOSE["networks"][network]["internal"] is True


def test_the_browser_has_room_in_shared_memory() -> None:
    assert SERVICES["browser-worker"]["shm_size"] == "1gb"


def test_all_of_our_processes_read_the_same_settings() -> None:
    ours = [one for one in SERVICES.values() if one["image"].startswith("tiktok-")]
    assert all(one["env_file"] == [{"path": "./settings.env", "required": False}] for one in ours)


def test_the_archive_runs_only_where_it_is_asked_for() -> None:
    assert {name: one["profiles"] for name, one in SERVICES.items() if "profiles" in one} == {
        "archive": ["archive"]
    }


def test_the_example_names_what_the_file_asks_for() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose.yaml").read_text()))
    example = (DEPLOY / ".env.example").read_text()
    named = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    assert named <= asked
    required = set(re.findall(r"\$\{([A-Z_]+):\?", (DEPLOY / "compose.yaml").read_text()))
    assert required <= named


def test_the_secrets_are_made_once_and_shut_off(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"

    def make() -> dict[str, str]:
        subprocess.run([DEPLOY / "secrets.sh", folder], check=True)
        return {path.name: path.read_text() for path in folder.iterdir()}

    made = make()
    assert set(COMPOSE["secrets"]) <= set(made)
    assert [f"./secrets/{name}" for name in COMPOSE["secrets"]] == [
        secret["file"] for secret in COMPOSE["secrets"].values()
    ]
    assert make() == made
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in folder.iterdir())


def test_values_are_filled_as_compose_does() -> None:
    assert filled("${A:-1}-${B:?needed}", B="2") == "1-2"
