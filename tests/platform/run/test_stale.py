"""A network that was trained before its search went on, in a run's folder."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from platform.config.recipes import tiny
from platform.run.context import Run
from platform.run.folder import open_run_folder
from platform.run.stale import say_if_stale
from workers.errors import DataError


def said(folder: Path, trained: str, chosen: str) -> str:
    config = replace(tiny(), storage=folder)
    run_folder, out = open_run_folder(config), io.StringIO()
    untracked: Any = None
    context = Run(config, run_folder, untracked, Console(file=out))
    run_folder.network.with_suffix(".json").write_text(trained)
    run_folder.best.write_text(chosen)
    say_if_stale(context, "spatial_retrain", run_folder.network, run_folder.best)
    return out.getvalue()


def test_a_network_of_another_architecture_than_the_search_now_names_is_said_to_be_stale(
    tmp_path: Path,
) -> None:
    line = said(tmp_path, json.dumps({"key": "aaa"}), json.dumps({"key": "bbb"}))
    assert line.count("\n") == 1
    assert "network.safetensors is stale: it is of aaa" in line
    assert "now names bbb" in line
    assert str(tmp_path / "tiny" / "checkpoints" / "spatial_retrain") in line


def test_nothing_is_said_of_the_same_architecture_or_of_files_that_name_none(tmp_path: Path) -> None:
    assert not said(tmp_path / "same", json.dumps({"key": "aaa"}), json.dumps({"key": "aaa"}))
    assert not said(tmp_path / "none", "{}", json.dumps({"key": "aaa"}))
    assert not said(tmp_path / "other", json.dumps({"key": "aaa"}), json.dumps({"space": "s"}))


def test_a_file_that_is_no_summary_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"network\.json must hold a JSON object.* Restore it, or remove it"):
        said(tmp_path / "list", "[]", json.dumps({"key": "aaa"}))
    with pytest.raises(DataError, match=r"best\.json must hold a JSON object with key"):
        said(tmp_path / "text", json.dumps({"key": "aaa"}), "no json")
