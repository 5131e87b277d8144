from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from platform.config.file import from_yaml, to_yaml
from platform.config.recipes import RECIPES, recipe
from platform.config.run import RunConfig
from platform.terminal.errors import ConfigError


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_survives_the_round_trip_through_yaml(name: str, tmp_path: Path) -> None:
    config = replace(recipe(name), seed=7, stages=("data", "report"))
    (tmp_path / "run.yaml").write_text(to_yaml(config))
    assert from_yaml(tmp_path / "run.yaml") == config


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: a\nserch: {}\n", r"no field serch; the fields there are: name, seed"),
        ("name: a\nsearch: {trails: 4}\n", r"no field search\.trails; the fields there are: trials"),
        ("name: a\ndata: {made: {clip: 4}}\n", r"no field data\.made\.clip; .* clips"),
        ("name: a\nsearch: {trials: many}\n", r"search\.trials is not valid: .*integer.* it is 'many'"),
        ("name: a\nsearch: {trials: 0}\n", r"search\.trials must be at least 1, but it is 0"),
        ("seed: 3\n", r"name is not valid: Field required"),
        ("- 1\n", r"must hold the fields of a run, but it holds \[1\]"),
        ("name: [\n", r"must be a readable YAML file"),
    ],
)
def test_a_file_that_cannot_be_run_is_refused_in_one_line(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(text)
    with pytest.raises(ConfigError, match=says) as refusal:
        from_yaml(tmp_path / "run.yaml")
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml must be a readable YAML file"):
        from_yaml(tmp_path / "nowhere.yaml")


def test_an_unknown_recipe_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"no recipe 'smok'; smoke\? The known ones are: smoke, tiny"):
        recipe("smok")


@pytest.mark.parametrize("name", ["", "a/b", ".hidden"])
def test_a_run_needs_a_name_that_a_folder_can_have(name: str) -> None:
    with pytest.raises(ConfigError, match="name must be usable as a folder's name"):
        RunConfig(name=name)
