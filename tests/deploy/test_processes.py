"""What the files of docs/deploy ask of our processes is what these know."""

from __future__ import annotations

import pytest

from settings.env import Environment
from tests.deploy.files import PROCESSES, Process, filled

OF_ALL = {"mongodb_uri", "redis_url", "proxy_urls"}
KEYS = {
    "serve": {"secret_key", "erasure_key", "admin_token", "rapidapi_proxy_secret"},
    "scheduler": {"secret_key"},
    "worker": {"erasure_key"},
    "worker --browser": {"erasure_key"},
}
CLOSING_S = 25
"""How long a worker takes to end at most: it finishes what is in hand, then its spider closes."""

each_process = pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)


@each_process
def test_its_settings_and_secrets_are_read(process: Process) -> None:
    known = {name.upper() for name in Environment.model_fields}
    assert set(process.settings) - known == set()
    assert {name.upper() for name in process.secrets} - known == set()


@each_process
def test_its_settings_can_be_used(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in process.settings.items():
        monkeypatch.setenv(name, filled(value, DOMAIN="api.example.com"))
    environment = Environment()
    assert environment.log_format == "json"
    if process.arguments in (["serve"], ["scheduler"]):
        # Links of media and webhooks begin with it.
        assert environment.public_address == "https://api.example.com"


@each_process
def test_it_is_told_where_the_databases_are_and_no_more_than_it_needs(process: Process) -> None:
    assert process.secrets == OF_ALL | KEYS.get(" ".join(process.arguments), set())


@each_process
def test_it_has_longer_to_end_than_it_takes(process: Process) -> None:
    needs = CLOSING_S
    if process.arguments == ["serve"]:
        environment = Environment(api_drain_s=float(process.settings["API_DRAIN_S"]))
        needs = int(environment.api_drain_s + environment.extract_timeout_s + 8)
    assert process.grace_s > needs
