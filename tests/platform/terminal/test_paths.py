"""What is typed relative to a folder holds in every other folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from platform.config.arguments import read_arguments
from platform.config.file import flat_fields
from platform.config.recipes import RECIPES
from platform.merge import MergeArguments
from platform.terminal.command_line import parse

PATHS = (
    "storage", "data.root", "finetune.root", "finetune.weights", "temporal.root", "temporal.key_frame",
    "search.detections", "retrain.architecture", "checkpoints_uri",
)  # fmt: skip


@pytest.mark.parametrize("field", PATHS)
def test_a_path_of_a_run_begins_where_it_was_typed(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = read_arguments(["tiny", f"--{field.replace('_', '-')}", "a/b c"])
    assert config is not None
    assert flat_fields(config)[field] == str(tmp_path / "a" / "b c")


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_leaves_no_relative_path(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = read_arguments([name, "--warm-start", "runs/one", "/runs/two"])
    assert config is not None
    assert config.warm_start == (tmp_path / "runs" / "one", Path("/runs/two"))
    given = [config.storage, config.data.root, config.finetune.root, config.finetune.weights]
    assert [path for path in given if path is not None and not path.is_absolute()] == []


@pytest.mark.parametrize(
    ("typed", "held"),
    [
        ("sqlite:///a/mlflow.db", "sqlite:///{here}/a/mlflow.db"),
        ("sqlite:////a/mlflow.db?timeout=3", "sqlite:////a/mlflow.db?timeout=3"),
        ("sqlite:///mlflow.db?timeout=3", "sqlite:///{here}/mlflow.db?timeout=3"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite:////a%3F/mlflow.db", "sqlite+pysqlite:////a%3F/mlflow.db"),
        ("sqlite:////a%2520b/mlflow.db", "sqlite+pysqlite:////a%2520b/mlflow.db"),
        ("sqlite:////a b#c/mlflow.db", "sqlite:////a b#c/mlflow.db"),
        ("sqlite:///file:/a/b.db?uri=true", "sqlite:///file:/a/b.db?uri=true"),
        ("mlruns", "{here}/mlruns"),
        ("http://localhost:5000", "http://localhost:5000"),
    ],
)
def test_a_database_begins_where_it_was_typed(
    typed: str, held: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = read_arguments(["tiny", "--tracking-uri", typed])
    assert config is not None
    assert config.tracking_uri == held.format(here=tmp_path)


@pytest.mark.parametrize("typed", ["s3://bucket/runs?region=a", "gs://bucket", "file:///a"])
def test_a_uri_elsewhere_is_kept(typed: str) -> None:
    config = read_arguments(["tiny", "--checkpoints-uri", typed])
    assert config is not None
    assert config.checkpoints_uri == typed


def test_other_commands_have_absolute_paths_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = parse(MergeArguments, ["one", "/two", "--into", "both"], prog="merge")
    assert given.runs == (tmp_path / "one", Path("/two"))
    assert (given.storage, given.into) == (tmp_path / "runs", "both")
