"""A run's folder knows its configuration wherever it lies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from platform.config.file import to_yaml
from platform.config.own_file import read_config, read_own
from platform.config.recipes import tiny
from platform.config.run import RunConfig
from platform.run.folder import open_run_folder


def begun(storage: Path, config: RunConfig) -> Path:
    """A run's folder as an earlier version left it, with the paths as they were typed."""
    folder = storage / config.name
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(to_yaml(config))
    (folder / "environment.json").write_text('{"run_id": "0123456789abcdef"}')
    return folder


def test_a_moved_run_continues_by_its_own_file_with_what_it_holds_where_it_is(tmp_path: Path) -> None:
    old = tmp_path / "old"
    weights = old / "tiny" / "network.safetensors"
    config = replace(
        tiny(), storage=old, finetune=replace(tiny().finetune, weights=weights), warm_start=(old / "other",)
    )
    folder = begun(old, config)
    new = tmp_path / "new" / "renamed"
    new.parent.mkdir()
    folder.rename(new)
    (old / "other").mkdir()
    found = read_config(new / "config.yaml")
    assert (found.storage, found.name) == (tmp_path / "new", "renamed")
    assert found.finetune.weights == new / "network.safetensors"
    assert found.warm_start == (old / "other",)  # it stayed
    assert open_run_folder(found).path == new
    assert read_own(new) == found


def test_a_moved_storage_takes_its_other_runs_along(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    begun(old, replace(tiny(), storage=old, warm_start=(old / "other",)))
    old.rename(new)
    assert read_own(new / "tiny").warm_start == (new / "other",)


def test_relative_paths_of_an_earlier_run_begin_where_it_was_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(tiny(), storage=Path("my/runs"), data=replace(tiny().data, root=Path("data/coco")))
    folder = begun(tmp_path / "my" / "runs", config)
    monkeypatch.chdir(folder)
    found = read_config(Path("config.yaml"))
    assert found.storage == tmp_path / "my" / "runs"
    assert found.data.root == tmp_path / "data" / "coco"
    assert open_run_folder(found).path == folder


def test_another_file_describes_a_run_of_the_folder_in_which_it_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.yaml").write_text("name: mine\nstorage: here\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = read_config(tmp_path / "config.yaml")
    assert (found.storage, found.name) == (tmp_path / "elsewhere" / "here", "mine")
