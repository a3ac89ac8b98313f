"""A report as one page of HTML that asks no network for anything, and its pictures beside it."""

from __future__ import annotations

import base64
import re
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from analysis.pictures import png
from analysis.reports.report import Link, Share

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from analysis.reports.report import Cell, Figure, Report, Table

PAGE = "report.html"
_TIKTOK = "https://www.tiktok.com/"
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
blockquote { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; padding-left: 1rem;
  border-left: 3px solid #1f6f8b; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem; }
dt { opacity: .7; } dd { margin: 0; overflow-wrap: anywhere; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1rem; }
figure { margin: 0; } img { width: 100%; height: auto; background: #fff; }
.wide { overflow-x: auto; } table { border-collapse: collapse; }
th, td { padding: .25rem .7rem; text-align: start; border-bottom: 1px solid #8884; }
.number { text-align: end; font-variant-numeric: tabular-nums; }
.number, .time { white-space: nowrap; }
footer { margin-top: 2rem; opacity: .7; font-size: .9em; }
"""


def write(report: Report, folder: Path, *, made_at: datetime) -> list[Path]:
    """Write the page and its pictures into a folder, and answer their paths, the page first.

    Raises:
        OSError: they cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {figure.name: png(figure.chart) for figure in report.figures}
    page = folder / PAGE
    page.write_text(html(report, pictures, made_at=made_at), "utf-8")
    paths = [page]
    for name, data in pictures.items():
        path = folder / f"{name}.png"
        path.write_bytes(data)
        paths.append(path)
    return paths


def html(report: Report, pictures: dict[str, bytes], *, made_at: datetime) -> str:
    """The page, with the pictures of its figures in it."""
    title = _escaped(report.title)
    figures = "".join(_figure(figure, pictures[figure.name]) for figure in report.figures)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        " img-src data:; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1><bdi>{title}</bdi></h1>\n{''.join(_head(report))}"
        f'<div class="figures">\n{figures}</div>\n'
        f"{''.join(_table(table) for table in report.tables if table.rows)}"
        f"<footer>{''.join(f'<p>{_escaped(note)}</p>' for note in report.notes)}"
        f"<p>Made {_shown(made_at)}. A dash is unknown.</p></footer>\n</body>\n</html>\n"
    )


def _head(report: Report) -> Iterator[str]:
    if report.text:
        yield f'<blockquote dir="auto">{_escaped(report.text)}</blockquote>\n'
    facts = "".join(
        f"<dt>{_escaped(name)}</dt><dd>{_shown(value)}</dd>\n" for name, value in report.facts
    )
    yield f"<dl>\n{facts}</dl>\n"


def _figure(figure: Figure, picture: bytes) -> str:
    data, title = base64.b64encode(picture).decode(), _escaped(figure.chart.title)
    return f'<figure><img alt="{title}" src="data:image/png;base64,{data}"></figure>\n'


def _table(table: Table) -> str:
    head = "".join(f"<th>{_escaped(name)}</th>" for name in table.columns)
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>\n" for row in table.rows)
    return (
        f'<h2>{_escaped(table.title)}</h2>\n<div class="wide"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n"
    )


def _cell(value: Cell | datetime) -> str:
    kind = "time" if isinstance(value, datetime) else ""
    kind = "number" if isinstance(value, int | float | Share) else kind
    return f'<td class="{kind}">{_shown(value)}</td>'


def _shown(value: Cell | datetime) -> str:
    """A value as HTML."""
    match value:
        case None:
            return "–"
        case Link(text, url):
            shown = f"<bdi>{_escaped(text)}</bdi>"
            is_theirs = url.startswith(_TIKTOK)
            return f'<a href="{_escaped(url)}" rel="noreferrer">{shown}</a>' if is_theirs else shown
        case Share(share):
            return f"{share:.1%}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case int() | float():
            return f"{value:,.0f}"
        case _:
            return f"<bdi>{_escaped(value)}</bdi>"


def _escaped(text: str) -> str:
    """A text as HTML says it; what HTML cannot hold is a replacement character."""
    return escape(_CONTROLS.sub("\ufffd", text))
