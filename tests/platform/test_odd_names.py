"""Names and paths with whatever a shell, a URI, a terminal's markup or a figure's text gives a meaning."""

from __future__ import annotations

import io
import shlex
import shutil
from pathlib import Path

import pytest
from mlflow import MlflowClient
from rich.console import Console

from analysis.front_table import front_text
from analysis.trials import read_trials
from platform import merge, track
from platform.config.own_file import read_config
from platform.run.context import Run
from platform.run.folder import open_run_folder
from platform.run.tracked import tracking_uri
from platform.stages import report
from platform.stages.pipeline import say_where
from platform.stages.spatial import search as spatial_search
from platform.terminal.command_line import run as run_command
from platform.terminal.consoles import plain_console
from tests.platform.whole_run import Untracked, whole_run

STORAGE = "a b%20?x=1#c'\"&;[bold]:smile:$x^$é"
NAME = "[bold red]:smile: $x^{$ a'b [/]".replace("/", "")


@pytest.fixture
def odd(tmp_path: Path, synthetic_root: Path, mlflow_database: Path) -> Path:
    """A whole run of an odd name in an odd storage that has its tracking database."""
    folder = whole_run(tmp_path / STORAGE, synthetic_root, NAME)
    shutil.copyfile(mlflow_database, tmp_path / STORAGE / "mlflow.db")
    return folder.path


def context_of(folder: Path, console: Console) -> Run:
    config = read_config(folder / "config.yaml")
    return Run(config, open_run_folder(config), Untracked(), console)  # type: ignore[arg-type]


def test_a_run_is_tracked_beside_itself_whatever_its_storage_is_called(odd: Path, tmp_path: Path) -> None:
    assert run_command(track.main, [str(odd)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == [STORAGE]
    uri = tracking_uri(read_config(odd / "config.yaml"))
    client = MlflowClient(tracking_uri=uri)
    (experiment,) = [each for each in client.search_experiments() if each.name != "Default"]
    runs = client.search_runs([experiment.experiment_id])
    assert {run.info.run_name for run in runs} >= {NAME}
    assert len(runs) == 1 + 8
    assert [path.name for path in tmp_path.iterdir()] == [STORAGE]


def test_a_printed_command_can_be_given_to_a_shell(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run_command(track.main, [str(odd), "--tracking-uri", "http://127.0.0.1:9", "--wait-s", "0"])
    assert code == 1
    printed = capsys.readouterr().out.partition("send them with: ")[2].strip()
    assert shlex.split(printed) == ["python", "-m", "platform.track", str(odd)]

    out = io.StringIO()
    config = read_config(odd / "config.yaml")
    say_where(Console(file=out, markup=False, emoji=False), open_run_folder(config), tracking_uri(config))
    (line,) = [line for line in out.getvalue().splitlines() if line.startswith("MLflow UI")]
    assert shlex.split(line.removeprefix("MLflow UI"))[-1] == tracking_uri(config)


def test_a_report_and_a_merge_show_odd_names_as_they_are(
    odd: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    context = context_of(odd, plain_console())
    report.run(context)
    assert NAME in capsys.readouterr().out.replace("\n", " ")
    assert (odd / "pareto.png").is_file()
    assert (odd / "allocation.png").is_file()
    assert NAME in front_text(read_trials(odd, "spatial_search"))
    into = ["--into", ":smile: $m$", "--storage", str(odd.parent)]
    assert run_command(merge.main, [str(odd), *into]) == 0
    assert str(odd.parent / ":smile: $m$" / "pareto.html") in capsys.readouterr().out


def test_a_run_that_was_moved_goes_on_from_anywhere(
    odd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = open_run_folder(read_config(odd / "config.yaml")).identity
    moved = tmp_path / "elsewhere" / "moved"
    moved.parent.mkdir()
    odd.rename(moved)
    shutil.rmtree(odd.parent)
    monkeypatch.chdir(moved)
    out = io.StringIO()
    context = context_of(Path(), Console(file=out, markup=False, soft_wrap=True))
    spatial_search.run(context)
    report.run(context)
    assert context.folder.path == moved
    assert context.folder.identity == identity
    assert "done before, 4 trials" in out.getvalue()
    assert (moved / "pareto.png").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere"]
