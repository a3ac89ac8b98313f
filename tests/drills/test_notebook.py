"""The notebook for analysts, run as from a fresh clone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "docs" / "analysis" / "notebook.ipynb"


def shown(cell: Any) -> str:
    """What a cell left behind, but pictures."""
    return "".join(
        one.get("text", "") or one.get("data", {}).get("text/plain", "") for one in cell.outputs
    )


@pytest.mark.drill
@pytest.mark.filterwarnings("ignore")
def test_the_notebook_runs_on_sample_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    for name in ("MONGODB_URI", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]

    NotebookClient(
        notebook,
        timeout=60,
        kernel_name="python3",
        resources={"metadata": {"path": str(NOTEBOOK.parent)}},
    ).execute()

    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    assert "'videos': 400" in shown(cells[1])
    pictures = [one for cell in cells for one in cell.outputs if "image/png" in one.get("data", {})]
    assert len(pictures) == 2
    assert "statistics_views_approximate_median" in shown(cells[5])
    assert "report.html" in shown(cells[6])
