"""What a person types, and what comes back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from platform.config.arguments import overview, read_arguments
from platform.config.recipes import smoke
from platform.search import main
from platform.terminal.command_line import run


def test_any_field_of_a_recipe_can_be_given() -> None:
    fields = {"search.trials": "40", "data.root": "data/coco", "train.augmentation.rotation-deg": "5"}
    config = read_arguments(["smoke", *(word for name in fields for word in (f"--{name}", fields[name]))])
    assert config is not None
    assert config.search.trials == 40
    assert config.data.root == Path.cwd() / "data" / "coco"  # workers stand elsewhere
    assert config.train.augmentation.rotation_deg == 5
    assert config.space.name == "mobilenetv3-small"


def test_a_saved_configuration_runs_with_changes(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("name: saved\nsearch: {trials: 7, max_gmacs: 0.5}\n")
    for arguments in (["--config", str(tmp_path / "run.yaml")], [f"--config={tmp_path / 'run.yaml'}"]):
        config = read_arguments([*arguments, "--seed", "9"])
        assert config is not None
        assert (config.name, config.seed, config.search.trials) == ("saved", 9, 7)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["smok"], "no recipe 'smok'; smoke? The known ones are: smoke"),
        (["--seed", "3"], "a recipe or --config FILE must come first"),
        (["--config"], "--config needs a file"),
        (["--config", "nowhere.yaml"], "nowhere.yaml must be a readable YAML file"),
        (["smoke", "--serch.trials", "4"], "--search.trials"),
        (["smoke", "--search.trials", "many"], "many"),
        (["smoke", "--search.trials", "0"], "search.trials must be at least 1, but it is 0"),
        (
            ["smoke", "--resources.max-failures", "-2"],
            "resources.max-failures must be at least -1, but it is -2",
        ),
        (
            ["smoke", "--search.prefix-alike", "1.5"],
            "search.prefix-alike must be a share from 0 to 1, but it is 1.5",
        ),
        (["smoke", "--train.epochs", "0"], "train.epochs must be at least 1, but it is 0"),
        (["smoke", "--space.name", "vgg", "--storage", "{tmp}"], "no search space 'vgg'"),
        (["smoke", "--search.max-gmacs", "0.0001", "--storage", "{tmp}"], "at most 0.0001 GMACs"),
        (["smoke", "--data.root", "{tmp}/none", "--storage", "{tmp}"], "none"),
        (["smoke", "--storage", "/proc/none"], "storage must be a folder that can be written"),
    ],
)
def test_what_a_person_can_mend_is_one_line_and_exit_code_2(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(main, [argument.replace("{tmp}", str(tmp_path)) for argument in arguments]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[-1].startswith("error: ")
    assert says in lines[-1]


def test_a_refused_run_leaves_no_half_results(tmp_path: Path) -> None:
    run(main, ["smoke", "--data.root", str(tmp_path / "none"), "--storage", str(tmp_path)])
    assert not (tmp_path / "smoke").exists()


def test_the_overview_teaches_recipes_and_examples(checkout: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "platform.search", "--help"],
        cwd=checkout, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == overview()
    assert "smoke" in done.stdout
    assert "--config" in done.stdout


def test_the_help_of_a_recipe_shows_its_values(checkout: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "platform.search", "smoke", "--help"],
        cwd=checkout, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "--search.max-gmacs" in done.stdout
    assert f"(default: {smoke().search.max_gmacs})" in done.stdout
