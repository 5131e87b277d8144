"""Whatever is typed, a command answers with what was asked or with one line, and a refusal writes nothing.

VIPNAS_FUZZ_EXAMPLES=3000 pytest tests/fuzzing    tries so many command lines of each command
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from platform.comparison.controls import check_controls
from platform.config.arguments import read_arguments
from platform.config.file import flat_fields, from_yaml, to_yaml
from platform.config.recipes import RECIPES, recipe
from platform.run.lock import LOCK
from platform.stages.fits import check_fits
from platform.stages.preflight import check
from platform.terminal.command_line import run
from spaces.errors import VipnasError
from tests.fuzzing.mutations import examples, mutated
from tests.fuzzing.words import arguments_of, odd_words

FIELDS = sorted(flat_fields(recipe("tiny-video")))
FLAGS = [f"--{name.replace('_', '-')}" for name in FIELDS]
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
def folder() -> Iterator[Path]:
    """Files of many kinds, none of which is what a command wants."""
    with TemporaryDirectory() as made:
        root = Path(made)
        (root / "folder").mkdir()
        (root / "run" / "trials.parquet").mkdir(parents=True)
        (root / "run" / "environment.json").write_text("{}")
        (root / "empty").touch()
        (root / "text.json").write_text("some words")
        (root / "list.json").write_text("[1, 2]")
        (root / "deep.json").write_text("[" * 500)
        (root / "record.json").write_text(json.dumps({"images": [], "annotations": None}))
        (root / "noise.pth").write_bytes(bytes(range(256)))
        yield root


def below(folder: Path) -> dict[Path, bytes | None]:
    """Every file and folder with its bytes, but a run's lock, which stays where it was taken."""
    paths = (path for path in folder.rglob("*") if path.name != LOCK)
    return {path: path.read_bytes() if path.is_file() else None for path in paths}


def answer(main: Callable[[list[str]], Any], typed: list[str]) -> tuple[int, str]:
    """The exit code and what was said on stderr; a traceback is raised."""
    said = StringIO()
    with redirect_stderr(said), redirect_stdout(StringIO()):
        try:
            code = run(lambda argv: main(argv) or 0, typed)
        except SystemExit as ended:  # --help
            code = int(ended.code or 0)
    return code, said.getvalue()


def assert_answered(code: int, said: str) -> None:
    assert code in (0, 2)
    if code:
        assert said.startswith("error: ")
        assert said.count("\n") == 1
        assert len(said) > len("error: x")


def checked(typed: list[str]) -> None:
    """A search but for what it would do: its configuration is read and held against everything known."""
    config = read_arguments([word for word in typed if word != "--resume"])
    if config is not None:
        check(config)
        check_fits(config, lambda _: None)


@examples()
@given(st.data())
def test_a_search_is_taken_or_refused_in_one_line(folder: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([*RECIPES, "smok", "", "--config", "-x"]))
    typed = [name, *data.draw(arguments_of(FLAGS, odd_words()))]
    before = below(folder)
    assert_answered(*answer(checked, typed))
    assert below(folder) == before


@examples()
@given(st.data())
def test_controls_are_taken_or_refused_in_one_line(data: st.DataObject) -> None:
    def checked_controls(typed: list[str]) -> None:
        config = read_arguments(typed)
        if config is not None:
            check_controls(config)

    typed = [data.draw(st.sampled_from(list(RECIPES))), *data.draw(arguments_of(FLAGS, odd_words()))]
    assert_answered(*answer(checked_controls, typed))


@examples()
@given(st.data())
def test_a_run_file_is_read_or_refused_in_one_line_and_reads_alike_again(
    folder: Path, data: st.DataObject
) -> None:
    whole = yaml.safe_load(to_yaml(recipe(data.draw(st.sampled_from(list(RECIPES))))))
    content = data.draw(mutated(whole))
    path = folder / "run.yaml"
    try:
        path.write_text(yaml.safe_dump(content))
    except (UnicodeEncodeError, yaml.YAMLError):
        return
    try:
        config = from_yaml(path)
    except VipnasError as error:
        assert str(error).strip()  # noqa: PT017
        return
    finally:
        path.unlink()
    again = folder / "again.yaml"
    again.write_text(to_yaml(config))
    assert from_yaml(again) == config
    again.unlink()


@pytest.mark.parametrize("command", sorted(COMMANDS))
@examples()
@given(st.data())
def test_a_command_refuses_what_it_cannot_use_in_one_line(
    folder: Path, command: str, data: st.DataObject
) -> None:
    first, flags = COMMANDS[command]
    files = st.sampled_from([f"{folder}/{name}" for name in FILES]).map(lambda path: [path])
    words = data.draw(arguments_of(flags, files | odd_words()))
    typed = [word.format(folder=folder) for word in first] + words
    before = below(folder)
    code, said = answer(importlib.import_module(f"platform.{command}").main, typed)
    assert_answered(code, said)
    if code:
        assert below(folder) == before
