"""Recipes: the paper's figures, and what a person sees of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from platform.config.file import from_yaml
from platform.config.recipes import RECIPES, recipe
from platform.config.stage_names import STAGE_NAMES
from platform.recipes import difference, main
from platform.terminal.command_line import run
from spaces.drawing import check_not_empty
from spaces.published import find_published
from spaces.registry import build_space
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.average import average
from spaces.temporal.temporal_space import TemporalSpace
from workers.training.loops.schedule import learning_rate

COCO = ("coco-mbv3", "coco-res50", "coco-hrnet")
POSETRACK = ("posetrack-mbv3", "posetrack-res50", "posetrack-hrnet")


@pytest.mark.parametrize("name", COCO)
def test_coco_recipes_are_the_papers(name: str) -> None:
    config = recipe(name)
    train, augmentation = config.train, config.train.augmentation
    assert (train.learning_rate, train.drop_factor, train.drop_epochs) == (1e-3, 0.1, (200, 230))
    assert (train.epochs, train.random_subnets, train.init_sigma) == (250, 2, 0.001)
    assert (augmentation.rotation_deg, augmentation.flip_probability) == (40.0, 0.5)
    assert (augmentation.scale_fraction, augmentation.half_body_probability) == (0.0, 0.0)
    assert (config.space.input_hw, config.space.sigma_cells) == ((256, 192), 2.0)
    assert config.search.trials == 500
    assert "spatial_retrain" in config.stages
    space = build_space(config.space.name)
    check_not_empty(space, config.search.constraint)
    assert config.search.max_gmacs is not None
    assert space.cost(space.smallest()).gmacs < config.search.max_gmacs < space.cost(space.biggest()).gmacs


@pytest.mark.parametrize(("name", "coco"), [*zip(POSETRACK, COCO, strict=True)])
def test_posetrack_recipes_finetune_what_the_coco_recipe_leaves(name: str, coco: str) -> None:
    config = recipe(name)
    train = config.finetune.recipe(config.train)
    assert (train.epochs, train.learning_rate, train.drop_epochs) == (20, 1e-4, (10, 15))
    rates = [learning_rate(train, epoch * 7, 7) for epoch in range(20)]
    assert rates == pytest.approx([1e-4] * 10 + [1e-5] * 5 + [1e-6] * 5)
    stages = ("spatial_finetune", "temporal_train", "temporal_search", "temporal_retrain", "report")
    assert config.stages == stages
    assert config.finetune.weights == Path("runs") / coco / "network.safetensors"
    assert config.space == recipe(coco).space


@pytest.mark.parametrize(
    ("name", "gmacs", "published"),
    [("posetrack-mbv3", 0.37, "s-vipnas-mbv3"), ("posetrack-res50", 0.82, "s-vipnas-res50"),
     ("posetrack-hrnet", 3.2, "hrnet-w32")],
)  # fmt: skip
def test_posetrack_recipes_allocate_what_table_1_has_below_a_published_network(
    name: str, gmacs: float, published: str
) -> None:
    config = recipe(name)
    search = config.temporal.search
    assert (search.trials, config.temporal.frames, search.max_gmacs) == (500, 3, gmacs)
    space = AllocationSpace(TemporalSpace(*find_published(published)), config.temporal.frames)
    assert average(space, space.smallest()).gmacs < gmacs < average(space, space.biggest()).gmacs


@pytest.mark.parametrize("name", POSETRACK)
def test_posetrack_recipes_train_the_temporal_supernet_as_the_paper_does(name: str) -> None:
    config = recipe(name)
    train = config.temporal.recipe(config.train)
    assert "temporal_train" in config.stages
    assert (config.temporal.trained_frames, train.random_subnets) == (3, 2)
    assert (train.truth_weight, train.soft_weight) == (0.5, 0.5)
    assert (train.epochs, train.learning_rate, train.decay) == (60, 1e-3, "cosine")
    steps = 100
    assert learning_rate(train, 30 * steps, steps) == pytest.approx(0.5e-3)
    assert learning_rate(train, 60 * steps - 1, steps) < 1e-8


def test_quick_recipes_of_both_levels_run_every_stage_and_tiny_the_spatial_ones() -> None:
    for name in ("smoke", "tiny-video"):
        assert recipe(name).stages == STAGE_NAMES
    assert recipe("tiny").stages == ("data", "spatial_train", "spatial_search", "report")


@pytest.mark.parametrize("name", ["smoke", *POSETRACK])
def test_the_found_networks_are_trained_alone_from_where_the_supernet_left_them(name: str) -> None:
    config = recipe(name)
    alone = config.temporal.recipe_alone(config.train)
    assert "temporal_retrain" in config.stages
    rate = {"smoke": 2e-3}.get(name, 1e-3)
    assert (alone.epochs, alone.learning_rate) == (config.temporal.retrain.epochs, rate)
    assert (alone.batch_size, alone.decay) == (config.temporal.batch_clips, "cosine")
    assert alone.validate_every_epochs == 0


def test_smoke_trains_everything_at_one_rate_so_that_no_side_of_its_comparisons_is_favoured() -> None:
    config = recipe("smoke")
    temporal = (config.temporal.learning_rate, config.temporal.retrain.learning_rate)
    assert {config.train.learning_rate, config.finetune.learning_rate, *temporal} == {2e-3}


def test_retraining_for_other_epochs_drops_in_proportion() -> None:
    config = recipe("coco-res50")
    assert config.retrain.recipe(config.train).drop_epochs == (200, 230)
    shorter = type(config.retrain)(epochs=25)
    assert shorter.recipe(config.train).drop_epochs == (20, 23)
    assert shorter.recipe(config.train).epochs == 25


def test_the_listing_has_a_line_for_each_recipe(checkout: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "platform.recipes"], cwd=checkout, capture_output=True, text=True, check=True
    )
    lines = done.stdout.strip().splitlines()
    assert [line.split()[0] for line in lines] == list(RECIPES)
    assert all(len(line.split()) > 4 for line in lines)


def test_what_is_shown_is_a_configuration_that_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "posetrack-res50"]) == 0
    (tmp_path / "run.yaml").write_text(capsys.readouterr().out)
    assert from_yaml(tmp_path / "run.yaml") == recipe("posetrack-res50")


def test_a_difference_names_the_fields_that_differ_and_no_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert difference(recipe("smoke"), recipe("smoke")) == []
    assert difference(recipe("coco-mbv3"), recipe("coco-res50")) == [
        ("name", "coco-mbv3", "coco-res50"),
        ("space.name", "mobilenetv3", "resnet50"),
        ("search.max_gmacs", "0.75", "1.5"),
    ]
    assert main(["diff", "coco-mbv3", "coco-res50"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows == [
        ["coco-mbv3", "coco-res50"],
        ["name", "coco-mbv3", "coco-res50"],
        ["space.name", "mobilenetv3", "resnet50"],
        ["search.max_gmacs", "0.75", "1.5"],
    ]


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_differs_from_another_where_yaml_differs(name: str) -> None:
    other = "tiny" if name == "smoke" else "smoke"
    found = {field: (one, two) for field, one, two in difference(recipe(name), recipe(other))}
    assert found["name"] == (name, other)
    assert ("space.name" in found) == (recipe(name).space.name != recipe(other).space.name)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["show", "coco"],
            "no recipe 'coco'; coco-mbv3? The known ones are: smoke, tiny, tiny-video, coco-mbv3",
        ),
        (["diff", "smoke", "tin"], "no recipe 'tin'; tiny?"),
        (["diff", "smoke"], "must be nothing, show NAME or diff A B, but it is: diff smoke"),
        (["shw", "smoke"], "but it is: shw smoke"),
    ],
)
def test_what_a_person_mistypes_is_one_line_and_exit_code_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(main, arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert says in line


def test_help_says_what_can_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "diff A B" in capsys.readouterr().out
    main(["show", "smoke"])
    assert yaml.safe_load(capsys.readouterr().out)["name"] == "smoke"
