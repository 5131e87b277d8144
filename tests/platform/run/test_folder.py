from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from platform.config.file import from_yaml
from platform.config.recipes import tiny
from platform.run.folder import open_run_folder
from platform.terminal.errors import ConfigError


def test_a_run_records_its_configuration_seed_versions_and_commit(tmp_path: Path) -> None:
    config = replace(tiny(), storage=tmp_path, seed=11)
    folder = open_run_folder(config)
    assert from_yaml(folder.config) == config
    environment = json.loads(folder.environment.read_text())
    assert environment["seed"] == 11
    assert environment["packages"]["torch"].startswith("2.")
    assert environment["git_commit"] is None or len(environment["git_commit"]) == 40


def test_the_same_run_again_keeps_its_identity_and_may_grow(tmp_path: Path) -> None:
    config = replace(tiny(), storage=tmp_path)
    first = open_run_folder(config)
    identity = first.identity
    grown = replace(config, search=replace(config.search, trials=9), stages=("report",))
    assert open_run_folder(grown).identity == identity
    assert from_yaml(first.config).search.trials == 9


def test_another_configuration_under_the_same_name_is_refused_with_the_fields(tmp_path: Path) -> None:
    config = replace(tiny(), storage=tmp_path)
    open_run_folder(config)
    other = replace(config, seed=5, train=replace(config.train, epochs=3))
    with pytest.raises(ConfigError, match=r"seed 0 -> 5; train\.epochs 2 -> 3.*Give --name"):
        open_run_folder(other)
    assert from_yaml(tmp_path / "tiny" / "config.yaml") == config


def test_what_killed_drivers_left_half_written_is_removed_and_other_files_stay(tmp_path: Path) -> None:
    config = replace(tiny(), storage=tmp_path)
    folder = open_run_folder(config).path
    for left in (".best.json.1@elsewhere.part", ".report.html.7.part", ".odd.part"):
        (folder / left).write_text("half")
    (folder / ".data.1@elsewhere.part").mkdir()
    (folder / ".data.1@elsewhere.part" / "a").write_text("half")
    (folder / ".notes").write_text("mine")
    open_run_folder(config)
    names = sorted(path.name for path in folder.iterdir())
    assert names == [".notes", "config.yaml", "environment.json", "ray"]
