"""Which runs the paper's controls are, and what they begin with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from platform.comparison.controls import Control, begin, check_controls, controls
from platform.config.file import flat_fields
from platform.config.recipes import recipe
from platform.config.run import RunConfig
from platform.config.sections.search import AllocationConfig, SearchConfig
from platform.config.sections.temporal import TemporalConfig
from platform.config.sections.training import FinetuneConfig
from platform.config.stage_names import StageName
from platform.controls import main
from platform.terminal.command_line import run
from platform.terminal.errors import ConfigError


@pytest.fixture
def base(tmp_path: Path) -> RunConfig:
    """A run of both levels that is done, as far as its files tell."""
    tiny = recipe("tiny")
    config = replace(
        tiny, name="ours", storage=tmp_path,
        stages=(*tiny.stages, "temporal_train", "temporal_search", "temporal_retrain"),
        data=replace(tiny.data, made=replace(tiny.data.made, frames_per_clip=5)),
        search=SearchConfig(max_gmacs=0.05, min_gmacs=0.01),
        temporal=TemporalConfig(search=AllocationConfig(max_gmacs=0.02)),
    )  # fmt: skip
    (tmp_path / "ours").mkdir()
    for name in ("finetuned", "network", "supernet", "temporal_supernet", "allocation"):
        (tmp_path / "ours" / f"{name}.safetensors").write_text(name)
    return config


def differences(base: RunConfig) -> dict[str, dict[str, Any]]:
    """The fields in which each control differs from the run that it belongs to, by its name."""
    before = flat_fields(base)
    return {
        control.config.name: {
            name: value for name, value in flat_fields(control.config).items() if before[name] != value
        }
        for control in controls(base)
    }


def test_each_control_differs_in_what_it_is_for_alone(base: RunConfig, tmp_path: Path) -> None:
    found = differences(base)
    own = {name: {field: fields[field] for field in fields if field not in ("name", "stages")}
           for name, fields in found.items()}  # fmt: skip
    key = {"temporal.key_frame": str(tmp_path / "ours" / "finetuned.safetensors")}
    assert own == {
        "ours-t2": key | {"temporal.frames": 2},
        "ours-t4": key | {"temporal.frames": 4},
        "ours-shared": key | {"temporal.shared": True},
        "ours-s-only": {
            "search.max_gmacs": 0.02, "search.min_gmacs": None, "warm_start": [str(tmp_path / "ours")],
        },
        "ours-no-fusion": key | {"temporal.fusion": False},
    }  # fmt: skip
    stages = {name: fields["stages"] for name, fields in found.items()}
    assert stages["ours-shared"] == stages["ours-t2"] == ["temporal_search", "temporal_retrain", "report"]
    assert stages["ours-no-fusion"] == ["temporal_retrain"]
    assert stages["ours-s-only"] == ["spatial_search", "spatial_retrain", "spatial_finetune"]


def test_controls_begin_with_the_t_supernet_or_the_allocation_that_the_run_left(base: RunConfig) -> None:
    taken = {control.config.name: list(control.taken) for control in controls(base)}
    assert taken == {
        "ours-t2": ["temporal_supernet.safetensors"], "ours-t4": ["temporal_supernet.safetensors"],
        "ours-shared": ["temporal_supernet.safetensors"], "ours-s-only": [],
        "ours-no-fusion": ["allocation.safetensors"],
    }  # fmt: skip


def test_what_a_control_begins_with_is_taken_once(base: RunConfig, tmp_path: Path) -> None:
    control: Control = controls(base)[0]
    begin(control)
    taken = tmp_path / "ours-t2" / "temporal_supernet.safetensors"
    assert taken.read_text() == "temporal_supernet"
    taken.unlink()
    taken.write_text("of a run under way")
    begin(control)
    assert taken.read_text() == "of a run under way"


def test_s_only_searches_the_supernet_of_the_run_whose_network_was_finetuned(
    base: RunConfig, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "coco" / "network.safetensors"
    stages: tuple[StageName, ...] = ("spatial_finetune", *base.stages[-3:])
    video = replace(base, stages=stages, finetune=FinetuneConfig(weights=elsewhere))
    spatial = next(each.config for each in controls(video) if each.config.name == "ours-s-only")
    assert spatial.warm_start == (tmp_path / "coco",)
    assert spatial.finetune.weights is None


def test_another_t_of_the_run_has_the_other_two_as_controls(base: RunConfig) -> None:
    names = differences(replace(base, temporal=replace(base.temporal, frames=2)))
    assert [name for name in names if "-t" in name] == ["ours-t3", "ours-t4"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"stages": ("data", "temporal_train")}, "end before temporal_search"),
        ({"stages": ("temporal_train", "temporal_search")}, "have no temporal_retrain"),
        ({"temporal": TemporalConfig()}, "--temporal.search.max-gmacs"),
        ({"temporal": TemporalConfig(fusion=False, search=AllocationConfig(max_gmacs=1))}, "fusion is False"),
        ({"data": recipe("tiny").data}, "--data.made.frames-per-clip 5"),
    ],
)
def test_what_would_compare_nothing_is_refused_at_once(
    base: RunConfig, change: dict[str, Any], says: str
) -> None:
    check_controls(base)
    with pytest.raises(ConfigError, match=says):
        check_controls(replace(base, **change))


def test_the_command_teaches_and_refuses_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["--help"]):
        assert main(words) == 0
        assert "python -m platform.controls RECIPE [--FIELD VALUE ...]" in capsys.readouterr().out
    assert run(main, ["tiny"]) == 2
    assert "the stages of tiny end before temporal_search" in capsys.readouterr().err
