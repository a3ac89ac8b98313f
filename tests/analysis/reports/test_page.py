from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from analysis.pictures import Chart
from analysis.reports.page import html, write
from analysis.reports.report import Figure, Link, Report, Share, Table

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; </style><svg onload=alert(1)>",
    "&lt;b&gt; \x00\x1b \u202e שלום 😀",
]


class Reader(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def a_report(text: str) -> Report:
    cells = (text, Link(text, "https://www.tiktok.com/@a"), Link(text, f"javascript:{text}"))
    return Report(
        title=text,
        text=text,
        facts=[(text, text), ("made", AT), ("unknown", None), ("rate", Share(0.123))],
        tables=[Table(title=text, columns=(text, "b", "c", "d"), rows=[(*cells, 1234567)])],
        figures=[Figure(name="views", chart=Chart(title=text, series={text: [(AT, 1), (AT, 2)]}))],
        notes=[text],
    )


@pytest.mark.parametrize("text", ATTACKS)
def test_no_text_of_tiktoks_becomes_a_part_of_the_page(text: str) -> None:
    reader = Reader()
    reader.feed(html(a_report(text), {"views": b"PNG"}, made_at=AT))

    assert {tag for tag, _ in reader.tags}.isdisjoint({"script", "svg", "iframe", "link", "object"})
    names = {name for _, attributes in reader.tags for name in attributes}
    assert not [name for name in names if name.startswith("on")]
    (image,) = (attributes for tag, attributes in reader.tags if tag == "img")
    assert str(image["src"]).startswith("data:image/png;base64,")
    assert [one["href"] for tag, one in reader.tags if tag == "a"] == ["https://www.tiktok.com/@a"]
    assert reader.text.count(re.sub(r"[\x00\x1b]", "\ufffd", text)) >= 6
    assert "\x00" not in reader.text


def test_a_page_is_whole_by_itself_with_its_pictures_beside_it(tmp_path: Path) -> None:
    page, picture = write(a_report("😀 שלום $x$ עברית"), tmp_path / "new" / "folder", made_at=AT)

    assert (page.name, picture.name) == ("report.html", "views.png")
    assert picture.read_bytes().startswith(b"\x89PNG")
    shown = page.read_text()
    assert not re.findall(r"(?:src|url)\s*[=(]\s*[\"']?(?:https?:)?//", shown)
    assert "default-src 'none'" in shown
    for words in ("2026-03-01 12:30 UTC", "1,234,567", "12.3%", "<dd>–</dd>"):
        assert words in shown
