"""The notebook runs from a run folder, and is kept without outputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[2] / "analysis" / "notebooks" / "pareto.ipynb"


def _code_cells() -> list[dict[str, Any]]:
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_the_notebook_is_kept_without_outputs() -> None:
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in _code_cells())


def test_every_cell_runs_on_a_run_folder(synthetic_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIPNAS_RUN", str(synthetic_run))
    names: dict[str, Any] = {}
    for cell in _code_cells():
        exec(compile("".join(cell["source"]), str(NOTEBOOK), "exec"), names)
    assert len(names["trials"]) == 40
    assert names["progress"] == sorted(names["progress"])
    assert names["progress"][-1] > 0
