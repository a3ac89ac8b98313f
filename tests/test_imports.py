"""Which part may import which; every import counts, those for types alone too."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parent.parent
ORDER = ("settings", "services", "accounts", "crawler", "pipelines", "analysis", "api", "cli")
OPEN_OF_CRAWLER = (
    "crawler.links",
    "crawler.errors",
    "crawler.hosts",
    "crawler.items",
    "crawler.jobs",
    "crawler.egress",
)
SOURCES = [
    path.relative_to(PROJECT)
    for package in ORDER
    for path in sorted((PROJECT / package).rglob("*.py"))
]
OUTSIDE_CRAWLER = [source for source in SOURCES if source.parts[0] not in {"crawler", "cli"}]


def imported_by(source: Path) -> Iterator[str]:
    """The full dotted name of everything that a file imports, wherever in it."""
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def tree_of(source: Path) -> ast.Module:
    return ast.parse((PROJECT / source).read_text(), str(source))


def is_within(name: str, parts: tuple[str, ...]) -> bool:
    return any(name == part or name.startswith(f"{part}.") for part in parts)


def test_imports_go_one_way() -> None:
    wrong = []
    for source in SOURCES:
        to_the_right = ORDER[ORDER.index(source.parts[0]) + 1 :]
        forbidden = (*to_the_right, "tests", "bench", "manage")
        wrong += [(str(source), name) for name in imported_by(source) if is_within(name, forbidden)]
    assert wrong == []


def test_the_inside_of_the_crawler_is_its_own() -> None:
    wrong = [
        (str(source), name)
        for source in OUTSIDE_CRAWLER
        for name in imported_by(source)
        if is_within(name, ("crawler",)) and not is_within(name, OPEN_OF_CRAWLER)
    ]
    assert wrong == []


def test_the_api_knows_nothing_of_scrapy_and_arrow() -> None:
    of_arrow = ("pyarrow", "pymongoarrow", "analysis.exports.parquet")
    foreign = ("scrapy", "itemadapter", "scrapy_playwright", "twisted", *of_arrow)
    wrong = [
        (str(source), name)
        for source in SOURCES
        if source.parts[0] == "api"
        for name in imported_by(source)
        if is_within(name, foreign)
    ]
    assert wrong == []


def test_only_the_settings_read_the_environment() -> None:
    """The commands may pass it on to their children, unread."""
    readers = [
        str(source)
        for source in SOURCES
        if source.parts[0] != "cli" and source != Path("settings/env.py")
        for node in ast.walk(tree_of(source))
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"})
        or (isinstance(node, ast.alias) and node.name in {"environ", "environb", "getenv"})
    ]
    assert readers == []


def test_the_commands_pass_the_environment_on_unread() -> None:
    read = [
        f"{source}:{node.lineno}"
        for source in SOURCES
        if source != Path("settings/env.py")
        for node in ast.walk(tree_of(source))
        if (isinstance(node, ast.Attribute) and node.attr == "getenv")
        or (
            isinstance(node, ast.Subscript | ast.Attribute)
            and isinstance(node.value, ast.Attribute)
            and node.value.attr == "environ"
        )
    ]
    assert read == []
