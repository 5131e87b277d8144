"""Whatever is typed, a command answers with what was asked or with one line, and a refusal writes nothing.

VIPNAS_FUZZ_EXAMPLES=3000 pytest tests/fuzzing    tries so many command lines of each command
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from platform.comparison.controls import check_controls
from platform.config.arguments import read_arguments
from platform.config.checks import typed
from platform.config.file import flat_fields, from_yaml, to_yaml
from platform.config.recipes import RECIPES, recipe
from platform.run.lock import LOCK
from platform.stages.fits import check_fits
from platform.stages.preflight import check
from platform.terminal.command_line import run
from tests.fuzzing.mutations import examples, mutated, read
from tests.fuzzing.words import arguments_of, odd_words
from tests.platform.refused import assert_one_line

FLAGS = [f"--{typed('', name)}" for name in sorted(flat_fields(recipe("tiny-video")))]
FILES = ("empty", "text.json", "list.json", "deep.json", "record.json", "folder", "run", "none", "noise.pth")
COMMANDS: dict[str, tuple[list[str], list[str]]] = {  # what comes first, and the flags
    "merge": (["{folder}/run"], ["--into", "--storage", "--stage", "--mixed"]),
    "compare": (["{folder}/run"], ["--on", "--split", "--out"]),
    "predict": ([], ["--run", "--frames", "--boxes", "--out", "--video", "--fps", "--threads",
                     "--least-score"]),
    "export": ([], ["--checkpoint", "--out", "--architecture", "--keypoints", "--input-hw", "--mmpose"]),
    "latency": (["--architecture", "{folder}/none"], ["--space", "--runtime", "--threads",
                                                  "--keypoints", "--json"]),
    "track": (["{folder}/run"], ["--tracking-uri", "--wait-s"]),
    "convert": ([], ["--source", "--out", "--train-frames"]),
    "evaluate": (["coco"], ["--gt", "--pred", "--skeleton", "--json"]),
    "recipes": (["show"], ["diff", "show", "--help"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of many kinds, none of which is what a command wants."""
    root = tmp_path_factory.mktemp("files")
    (root / "folder").mkdir()
    (root / "run" / "trials.parquet").mkdir(parents=True)
    (root / "run" / "environment.json").write_text("{}")
    (root / "empty").touch()
    (root / "text.json").write_text("some words")
    (root / "list.json").write_text("[1, 2]")
    (root / "deep.json").write_text("[" * 500)
    (root / "record.json").write_text(json.dumps({"images": [], "annotations": None}))
    (root / "noise.pth").write_bytes(bytes(range(256)))
    return root


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


def below(folder: Path) -> dict[Path, bytes | None]:
    """Every file and folder with its bytes, but a run's lock, which stays where it was taken."""
    paths = (path for path in folder.rglob("*") if path.name != LOCK)
    return {path: path.read_bytes() if path.is_file() else None for path in paths}


def assert_answered(main: Callable[[list[str]], int], words: list[str]) -> int:
    """The exit code of a command that answers, or refuses in one line."""
    said = StringIO()
    with redirect_stderr(said), redirect_stdout(StringIO()):
        try:
            code = run(main, words)
        except SystemExit as ended:  # --help
            code = int(ended.code or 0)
    assert code in (0, 2), said.getvalue()
    if code:
        assert_one_line(said.getvalue())
        assert len(said.getvalue()) > len("error: x")
    return code


def search(words: list[str]) -> int:
    """A search but for what it would do: its configuration is read and held against everything known."""
    config = read_arguments(words)
    assert config is not None
    check(config)
    check_fits(config, lambda _: None)
    return 0


def controls(words: list[str]) -> int:
    """Controls but for their runs."""
    config = read_arguments(words)
    assert config is not None
    check_controls(config)
    return 0


@examples()
@given(st.data())
def test_a_search_and_its_controls_are_taken_or_refused_in_one_line(
    folder: Path, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([*RECIPES, "smok", "", "--config", "-x"]))
    main = data.draw(st.sampled_from((search, controls)))
    before = below(folder)
    assert_answered(main, [name, *data.draw(arguments_of(FLAGS, odd_words()))])
    assert below(folder) == before


@examples()
@given(st.data())
def test_a_run_file_is_read_or_refused_in_one_line_and_reads_alike_again(
    runs: Path, data: st.DataObject
) -> None:
    whole = yaml.safe_load(to_yaml(recipe(data.draw(st.sampled_from(list(RECIPES))))))
    path = runs / "run.yaml"
    path.write_text(yaml.safe_dump(data.draw(mutated(whole))))
    config = read(lambda: from_yaml(path))
    if config is not None:
        path.write_text(to_yaml(config))
        assert from_yaml(path) == config


@pytest.mark.parametrize("command", sorted(COMMANDS))
@examples()
@given(st.data())
def test_a_command_refuses_what_it_cannot_use_in_one_line(
    folder: Path, command: str, data: st.DataObject
) -> None:
    first, flags = COMMANDS[command]
    files = st.sampled_from([f"{folder}/{name}" for name in FILES]).map(lambda path: [path])
    words = data.draw(arguments_of(flags, files | odd_words()))
    before = below(folder)
    main = importlib.import_module(f"platform.{command}").main
    if assert_answered(main, [word.format(folder=folder) for word in first] + words):
        assert below(folder) == before
