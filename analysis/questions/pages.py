"""The pages of ``docs/analysis``: made of the questions, and of what they answer on a sample."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.pictures import png
from analysis.questions.all import QUESTIONS
from analysis.questions.asking import ask
from analysis.questions.drawing import chart_of, digest_of
from analysis.sample.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymongo.asynchronous.database import AsyncDatabase

    from analysis.questions.question import Question
    from services.mongodb import Document

FOLDER = Path(__file__).parent.parent.parent / "docs" / "analysis"
PLAN = Plan(until=datetime(2026, 7, 1, tzinfo=UTC), videos=1200, days=45)
"""The sample that the pages show; its end is the questions' now."""
_MANAGE = "DATA_DIR=data/questions .venv/bin/python manage.py"
_SEED = (
    f"{_MANAGE} seed sample --videos {PLAN.videos} --days {PLAN.days} --until {PLAN.until:%Y-%m-%d}"
)
_ASK = f"{_MANAGE} ask"
_NOW = f"--now {PLAN.until:%Y-%m-%d}"
_ROWS = 10
_LONGEST = 60

Answers = dict[str, list["Document"]]


async def answers(database: AsyncDatabase[Document]) -> Answers:
    """What each question answers on the sample.

    Raises:
        PyMongoError: MongoDB does not answer.
    """
    return {one.name: await ask(database, one, now=PLAN.until) for one in QUESTIONS}


def write(answered: Answers) -> None:
    """Write every page and picture anew."""
    pictures = FOLDER / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    for name, page in pages(answered).items():
        (FOLDER / name).write_text(page)
    for one in QUESTIONS:
        chart = chart_of(one, answered[one.name])
        (pictures / f"{one.name}.png").write_bytes(png(chart, note=digest_of(chart)))


def pages(answered: Mapping[str, Sequence[Document]]) -> dict[str, str]:
    """The text of each page by its file's name."""
    found = {f"{one.name}.md": _page(one, answered[one.name]) for one in QUESTIONS}
    return {"README.md": _overview(), **found}


def _overview() -> str:
    rows = [
        f"| [{one.asks}]({one.name}.md) | `{one.collection}` | `{one.index}` | {_reach(one)} |"
        for one in QUESTIONS
    ]
    return "\n".join([_INTRODUCTION, *rows, ""])


_INTRODUCTION = f"""# Questions

```console
$ {_SEED}
$ {_ASK} {QUESTIONS[0].name} {_NOW}
```

answers one on made-up data, which is what the pages below show. On your own data leave `DATA_DIR`
and `--now` away; `ask` without a name lists the questions, `--param name=value` changes a value,
`--csv` and `--json` write for other programs.

Each question is a file in `analysis/questions/pipelines`, an aggregation in MongoDB's extended JSON
that runs as it is:

- **Compass**: open the collection, then *Aggregations*, *Text*, and paste the file.
- **mongosh**: `db.COLLECTION.aggregate(EJSON.parse(require("fs").readFileSync("FILE", "utf8")))`
- **Python**: `db.COLLECTION.aggregate(bson.json_util.loads(Path("FILE").read_text()))`

Windows end now, by MongoDB's own clock (`$$NOW`). The values that are there to be changed are named
on each page, with their place in the file. No question reads a whole large collection: each page
names its index. Pages, tables and pictures are made by `.venv/bin/python -m analysis.questions`.

| question | asks | index | reads |
|---|---|---|---|"""


def _reach(one: Question) -> str:
    return "a window" if one.reach.value == "window" else "what belongs to one"


def _page(one: Question, rows: Sequence[Document]) -> str:
    parts = [
        f"# {one.asks}",
        f"`{one.collection}` · index `{one.index}` ·"
        f" [{one.name}.json](../../analysis/questions/pipelines/{one.name}.json)",
        f"![{one.picture.caption}](pictures/{one.name}.png)",
        f"```console\n$ {_ASK} {one.name} {_NOW}\n```",
        _table(one, rows),
        "| column | what it is |\n|---|---|\n"
        + "\n".join(f"| `{name}` | {meaning} |" for name, meaning in one.columns.items()),
        "| to change | place in the file | value there | what it is |\n|---|---|---|---|\n"
        + "\n".join(
            f"| `{each.name}` | `{each.shown_place}` | `{one.defaults[each.name]}` |"
            f" {each.meaning} |"
            for each in one.parameters
        ),
        "\n".join(f"- {note}" for note in one.notes),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(one: Question, rows: Sequence[Document]) -> str:
    lines = [f"| {' | '.join(one.columns)} |", "|---" * len(one.columns) + "|"]
    lines += [f"| {' | '.join(_cell(row[name]) for name in one.columns)} |" for row in rows[:_ROWS]]
    if len(rows) > _ROWS:
        lines.append(f"\n… and {len(rows) - _ROWS} rows more.")
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        is_day = value.hour == value.minute == value.second == 0
        return f"{value:%Y-%m-%d}" if is_day else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,.0f}" if value == int(value) and abs(value) >= 1000 else f"{value:.6g}"
    text = str(value)
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()}…"
    return text.replace("|", r"\|").replace("*", r"\*")
