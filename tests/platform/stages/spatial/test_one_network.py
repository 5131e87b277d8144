"""What the stages that train one network refuse, and what they do not do twice; nothing here is trained."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from platform.config.recipes import tiny
from platform.config.run import RunConfig
from platform.config.sections.data import DataConfig
from platform.config.sections.training import FinetuneConfig, RetrainConfig
from platform.run.context import Run
from platform.run.folder import RunFolder, open_run_folder
from platform.run.tracked import open_tracking
from platform.stages.preflight import check
from platform.stages.spatial import finetune as spatial_finetune
from platform.stages.spatial import retrain as spatial_retrain
from platform.terminal.errors import ConfigError
from spaces.architecture import Architecture
from spaces.errors import ArchitectureError
from spaces.registry import build_space
from workers.errors import DataError

SPACE = build_space("mobilenetv3-small", 17, (64, 64))


@pytest.fixture
def config(tmp_path: Path, synthetic_root: Path) -> RunConfig:
    return replace(tiny(), storage=tmp_path, data=DataConfig(root=synthetic_root))


def context_of(config: RunConfig) -> Run:
    folder = open_run_folder(config)
    tracking = open_tracking(config, folder)
    return Run(config, folder, tracking, Console(file=io.StringIO()))


def said(context: Run) -> str:
    file = context.console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_a_network_that_is_there_is_not_trained_again(config: RunConfig) -> None:
    context = context_of(config)
    for stage, file in (
        (spatial_retrain, context.folder.network), (spatial_finetune, context.folder.finetuned),
    ):  # fmt: skip
        file.write_bytes(b"")
        stage.run(context)
    assert said(context).count("done before") == 2


def test_the_best_of_the_search_is_chosen_and_a_given_file_before_it(
    config: RunConfig, tmp_path: Path
) -> None:
    context = context_of(config)
    best, given = SPACE.biggest(), SPACE.smallest()
    context.folder.best.write_text(json.dumps({"ap": 0.5, "architecture": best.to_json()}))
    assert spatial_retrain.chosen_architecture(context, SPACE) == best

    (tmp_path / "given.json").write_text(given.to_json())
    asked = replace(config, retrain=RetrainConfig(architecture=tmp_path / "given.json"))
    other = Run(asked, context.folder, context.tracking, context.console)
    assert spatial_retrain.chosen_architecture(other, SPACE) == given


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not json", "cannot read .*best.json"),
        ("{}", "best.json: an architecture must be JSON with space, stem, stages and head"),
        ('{"architecture": 7}', "best.json: an architecture must be JSON"),
        ("[" * 5000, "cannot read .*best.json"),
        (build_space("mobilenetv3").smallest().to_json(), "one of 'mobilenetv3'"),
    ],
)
def test_a_file_without_an_architecture_of_the_space_is_refused(
    text: str, says: str, config: RunConfig
) -> None:
    context = context_of(config)
    context.folder.best.write_text(text)
    with pytest.raises((ArchitectureError, DataError), match=says):
        spatial_retrain.chosen_architecture(context, SPACE)


def test_a_stage_without_its_input_says_which_stage_makes_it(config: RunConfig) -> None:
    context = context_of(config)
    with pytest.raises(ConfigError, match=r"best\.json is no file\. Run the stage spatial_search before"):
        spatial_retrain.run(context)
    with pytest.raises(ConfigError, match=r"network\.safetensors is no file\. .* stage spatial_retrain"):
        spatial_finetune.run(context)
    sliced = context_of(replace(config, name="sliced", retrain=RetrainConfig(start="slice")))
    sliced.folder.best.write_text(Architecture.to_json(SPACE.smallest()))
    with pytest.raises(ConfigError, match=r"supernet\.safetensors is no file\. Run the stage spatial_train"):
        spatial_retrain.run(sliced)


def test_what_a_finetuning_lacks_is_said_before_anything_starts(config: RunConfig, tmp_path: Path) -> None:
    finetuning = replace(config, stages=("spatial_finetune",))
    with pytest.raises(ConfigError, match=r"finetune\.root must be a folder in PoseTrack18's layout"):
        check(finetuning)
    with pytest.raises(ConfigError, match=r"finetune\.weights must be a file"):
        check(replace(finetuning, finetune=FinetuneConfig(root=tmp_path, weights=tmp_path / "none")))
    with pytest.raises(DataError, match=r"annotations/train has no \*\.json"):
        check(replace(finetuning, finetune=FinetuneConfig(root=tmp_path)))


def test_a_finetuning_alone_needs_no_coco(synthetic_root: Path, config: RunConfig, tmp_path: Path) -> None:
    finetune = FinetuneConfig(root=synthetic_root / "posetrack18")
    elsewhere = DataConfig(root=tmp_path / "none")
    own = RunFolder(config.storage / config.name)
    own.path.mkdir(parents=True)
    own.network.touch()  # what an earlier spatial_retrain left
    check(replace(config, stages=("spatial_finetune",), data=elsewhere, finetune=finetune))
    with pytest.raises(DataError, match="none"):
        check(replace(config, stages=("data", "spatial_finetune"), data=elsewhere, finetune=finetune))
