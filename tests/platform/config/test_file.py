from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

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


@pytest.mark.parametrize("name", ["../x", "a/b", "/tmp/x", "", ".", "..", ".hidden", "a\0b", "a\nb"])
def test_a_run_needs_a_name_that_a_folder_can_have(name: str) -> None:
    with pytest.raises(ConfigError, match="name must be usable as a folder's name"):
        RunConfig(name=name)


def test_the_file_of_an_older_run_is_read(tmp_path: Path) -> None:
    """Bounds and latencies lie flat in a search; fields that came later have their defaults."""
    text = (
        "name: old\nseed: 3\nsearch: {trials: 9, sampler: nsga2, max_gmacs: 0.4, min_gmacs: null, "
        "max_params: 2000000, recalibration_people: 100, max_latency_ms: 30.0, latency_source: measured, "
        "latency_threads: 2, latency_samples: 20}\n"
        "temporal: {frames: 2, search: {trials: 5, max_gmacs: 0.2, max_latency_ms: null}}\n"
    )
    (tmp_path / "run.yaml").write_text(text)
    config = from_yaml(tmp_path / "run.yaml")
    assert (config.search.max_gmacs, config.search.max_params, config.search.latency_threads) == (
        0.4,
        2_000_000,
        2,
    )
    assert config.search.latency_from == "measured"
    assert config.search.bounds == "at most 0.4 GMACs and at most 2,000,000 parameters and at most 30 ms"
    assert config.temporal.search.bounds == "at most 0.2 GMACs on average"


def test_the_fields_of_a_search_keep_their_order_in_files() -> None:
    """A recipe is compared with what an earlier version printed line by line."""
    names = list(yaml.safe_load(to_yaml(recipe("smoke")))["search"])
    assert names[:2] == ["trials", "sampler"]
    assert names[-7:] == [
        "max_latency_ms", "latency_source", "latency_runtime", "latency_threads", "latency_samples",
        "latency_meters", "latency_resource",
    ]  # fmt: skip
