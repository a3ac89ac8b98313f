"""The files of docs/deploy as they are read by those who run them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parent.parent.parent
DEPLOY = PROJECT / "docs" / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
MANIFESTS: dict[tuple[str, str], dict[str, Any]] = {
    (manifest["kind"], manifest["metadata"]["name"]): manifest
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for manifest in yaml.safe_load_all(path.read_text())
    if "metadata" in manifest
}
KUSTOMIZATION = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process of ours as a file starts it."""

    name: str
    arguments: list[str]
    """Of manage.py."""
    settings: dict[str, str]
    secrets: set[str]
    """Names of the files that are mounted."""
    grace_s: int
    """How long it has to end before it is killed."""


def of_compose() -> Iterator[Process]:
    for name, service in COMPOSE["services"].items():
        if service["image"].startswith("tiktok-") and "entrypoint" not in service:
            yield Process(
                name=f"compose-{name}",
                arguments=service["command"],
                settings=service["environment"],
                secrets=set(service["secrets"]),
                grace_s=int(service["stop_grace_period"].removesuffix("s")),
            )


def of_kubernetes() -> Iterator[Process]:
    for (kind, name), manifest in MANIFESTS.items():
        if kind == "Deployment":
            pod = manifest["spec"]["template"]["spec"]
            (container,) = pod["containers"]
            (mounted,) = (one["projected"] for one in pod["volumes"] if one["name"] == "secrets")
            yield Process(
                name=f"kubernetes-{name}",
                arguments=container["args"],
                settings=_configured(container["envFrom"]),
                secrets=_held(mounted["sources"]),
                grace_s=pod["terminationGracePeriodSeconds"],
            )


def _configured(sources: list[dict[str, Any]]) -> dict[str, str]:
    named = [source["configMapRef"]["name"] for source in sources if "configMapRef" in source]
    maps = [MANIFESTS["ConfigMap", name]["data"] for name in named]
    return {name: value for settings in maps for name, value in settings.items()}


def _held(sources: list[dict[str, Any]]) -> set[str]:
    return {name for source in sources for name in _held_by(source["secret"])}


def _held_by(source: dict[str, Any]) -> set[str]:
    held = set(MANIFESTS["Secret", source["name"]]["stringData"])
    return held & {one["key"] for one in source["items"]} if "items" in source else held


PROCESSES = [*of_compose(), *of_kubernetes()]


def filled(value: str, **variables: str) -> str:
    """A value of the compose file with its ``${VARIABLE:-default}`` filled in."""

    def fill(match: re.Match[str]) -> str:
        name, _, default = match.group(1).partition(":")
        return variables.get(name, default.lstrip("-?"))

    return re.sub(r"\$\{([^}]+)\}", fill, value)
