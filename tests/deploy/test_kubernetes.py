"""What the schemas of Kubernetes cannot say: our manifests fit together, and with the code."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.jobs.queue import BROWSER_STREAMS, STREAMS
from tests.deploy.files import DEPLOY, KUSTOMIZATION, MANIFESTS

DEPLOYMENTS = [name for kind, name in MANIFESTS if kind == "Deployment"]
SCALED = [name for kind, name in MANIFESTS if kind == "ScaledObject"]

each_deployment = pytest.mark.parametrize("name", DEPLOYMENTS)


def pod_of(name: str) -> dict[str, Any]:
    pod: dict[str, Any] = MANIFESTS["Deployment", name]["spec"]["template"]["spec"]
    return pod


def labels_of(name: str) -> dict[str, str]:
    labels: dict[str, str] = MANIFESTS["Deployment", name]["spec"]["template"]["metadata"]["labels"]
    return labels


def test_all_manifests_are_applied_together() -> None:
    folder = DEPLOY / "kubernetes"
    named = {name.replace("secrets.", "secrets.example.") for name in KUSTOMIZATION["resources"]}
    assert named | {"kustomization.yaml"} == {path.name for path in folder.glob("*.yaml")}


def test_images_have_their_version_from_one_place() -> None:
    images = {one["image"] for name in DEPLOYMENTS for one in pod_of(name)["containers"]}
    assert images == {image["name"] for image in KUSTOMIZATION["images"]}


@each_deployment
def test_a_deployment_selects_its_own_pods(name: str) -> None:
    labels = labels_of(name)
    assert MANIFESTS["Deployment", name]["spec"]["selector"]["matchLabels"] == labels
    budget = MANIFESTS["PodDisruptionBudget", name]["spec"]
    assert budget["selector"]["matchLabels"] == labels
    assert budget["maxUnavailable"] == 1


@each_deployment
def test_a_pod_may_do_no_more_than_the_namespace_allows(name: str) -> None:
    pod = pod_of(name)
    (container,) = pod["containers"]
    enforced = MANIFESTS["Namespace", "tiktok"]["metadata"]["labels"]
    assert enforced["pod-security.kubernetes.io/enforce"] == "restricted"
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@each_deployment
def test_a_pod_mounts_volumes_that_it_has(name: str) -> None:
    pod = pod_of(name)
    (container,) = pod["containers"]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}
    assert set(container["resources"]) == {"requests", "limits"}


def test_the_number_of_pods_has_one_master() -> None:
    scaled = [*SCALED, *(name for kind, name in MANIFESTS if kind == "HorizontalPodAutoscaler")]
    fixed = [name for name in DEPLOYMENTS if "replicas" in MANIFESTS["Deployment", name]["spec"]]
    assert sorted([*scaled, *fixed]) == sorted(DEPLOYMENTS)


def test_workers_are_scaled_by_all_streams_they_take_from() -> None:
    takes = {"worker": STREAMS, "browser-worker": BROWSER_STREAMS}
    assert sorted(SCALED) == sorted(takes)
    for name, streams in takes.items():
        spec = MANIFESTS["ScaledObject", name]["spec"]
        triggers = spec["triggers"]
        assert spec["scaleTargetRef"] == {"name": name}
        assert spec["minReplicaCount"] >= 1
        assert {trigger["type"] for trigger in triggers} == {"redis-streams"}
        assert sorted(one["metadata"]["stream"] for one in triggers) == sorted(streams.values())
        # A consumerGroup beside the length would have KEDA count what is in hand alone.
        assert [set(one["metadata"]) for one in triggers] == [{"stream", "streamLength"}] * 2


def test_the_autoscaler_reads_its_secret() -> None:
    secret = MANIFESTS["Secret", "autoscaling"]["stringData"]
    asked = MANIFESTS["TriggerAuthentication", "streams"]["spec"]["secretTargetRef"]
    assert {(one["name"], one["key"]) for one in asked} == {("autoscaling", key) for key in secret}


def test_the_probes_ask_for_life_and_readiness() -> None:
    (container,) = pod_of("api")["containers"]
    assert container["startupProbe"]["httpGet"]["path"] == "/health/live"
    assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
    ready = container["readinessProbe"]
    assert ready["httpGet"]["path"] == "/health/ready"
    drain_s = float(MANIFESTS["ConfigMap", "api-settings"]["data"]["API_DRAIN_S"])
    assert drain_s > 2 * ready["periodSeconds"] * ready["failureThreshold"]


def test_the_ingress_leads_to_the_api_and_not_to_what_is_internal() -> None:
    (rule,) = MANIFESTS["Ingress", "api"]["spec"]["rules"]
    paths = [one["path"] for one in rule["http"]["paths"]]
    assert "/api" in paths
    assert not {"/", "/metrics", "/admin"} & set(paths)
    service = MANIFESTS["Service", "api"]["spec"]
    assert service["selector"] == labels_of("api")
    (port,) = service["ports"]
    for path in rule["http"]["paths"]:
        assert path["backend"]["service"] == {"name": "api", "port": {"name": port["name"]}}
    settings = MANIFESTS["ConfigMap", "settings"]["data"]
    assert settings["PUBLIC_URL"] == f"https://{rule['host']}"


def test_a_browser_has_room_in_shared_memory() -> None:
    (memory,) = (one for one in pod_of("browser-worker")["volumes"] if one["name"][:6] == "shared")
    assert memory["emptyDir"] == {"medium": "Memory", "sizeLimit": "1Gi"}
