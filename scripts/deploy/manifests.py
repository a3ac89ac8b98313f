"""Check manifests of Kubernetes and KEDA against their schemas; unknown fields are faults too.

manifests.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml
from cloudcoil.models.keda import v1alpha1 as keda

VERSIONS = ("1.32", "1.37")
"""The oldest and the newest Kubernetes that the manifests are checked for."""
_NOT_FOR_THE_CLUSTER = {"Kustomization"}


def main(folder: Path) -> int:
    """Say what is wrong with each manifest; the number of those with faults."""
    faults = 0
    for path in sorted(folder.glob("*.yaml")):
        for manifest in yaml.safe_load_all(path.read_text()):
            fault = _fault_of(manifest)
            faults += fault is not None
            name = manifest.get("metadata", {}).get("name", "-")
            print(f"{path.name}: {manifest['kind']} {name}: {fault or 'ok'}")
    return faults


def _fault_of(manifest: dict[str, Any]) -> str | None:
    if manifest["kind"] in _NOT_FOR_THE_CLUSTER:
        return None
    try:
        if manifest["apiVersion"].startswith("keda.sh/"):
            return _unknown(manifest)
        for version in VERSIONS:
            kubernetes_validate.validate(manifest, version, strict=True)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def _unknown(manifest: dict[str, Any]) -> str | None:
    """What KEDA's model does not know of: it drops it."""
    model = getattr(keda, manifest["kind"]).model_validate(manifest)
    known = model.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return None if known == manifest else f"not all of it is KEDA's: {known}"


if __name__ == "__main__":
    sys.exit(1 if main(Path(sys.argv[1])) else 0)
