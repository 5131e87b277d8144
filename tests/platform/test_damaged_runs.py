"""A run's folder of which one file is damaged: every command that needs the file refuses in one line.

The line names the file and says what to do, the exit code is 2, and all other files stay as they were. A
command that does not need the file does its work.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from platform import compare, export, merge, predict, search, track
from platform.config.own_file import read_own
from platform.latencies.table import LatencyTable
from platform.run.context import Run
from platform.run.folder import RunFolder, open_run_folder
from platform.run.lock import LOCK
from platform.stages import report
from platform.stages.spatial import retrain as spatial_retrain
from platform.stages.spatial import search as spatial_search
from platform.stages.temporal import retrain as temporal_retrain
from platform.stages.temporal import search as temporal_search
from platform.terminal.command_line import run as run_command
from platform.trials.warm_start import usable_rows, warm_start_rows
from tests.platform.refused import assert_one_line
from tests.platform.whole_run import SETTING, SPACE, Untracked, whole_run
from workers.latency.predictor import LatencyPredictor
from workers.weights.safetensors import load_supernet, save_weights
from workers.weights.temporal_supernet import load_temporal_supernet

Main = Callable[[list[str]], int]
PART = "trials.parquet/spatial_search-000001.parquet"
ALLOCATION_PART = "trials.parquet/temporal_search-000001.parquet"


def of_stage(run: Callable[[Run], object]) -> Main:
    """A stage of the run in the folder, as the pipeline begins it, without a Ray session."""

    def main(argv: list[str]) -> int:
        config, untracked = read_own(Path(argv[0])), Untracked()
        folder = open_run_folder(config)
        run(Run(config, folder, untracked, Console(file=io.StringIO())))  # type: ignore[arg-type]
        return 0

    return main


def of_reader(read: Callable[[RunFolder], object]) -> Main:
    """What stages read with, where they would need a Ray session first."""

    def main(argv: list[str]) -> int:
        read(RunFolder(Path(argv[0])))
        return 0

    return main


def chosen(context: Run) -> None:
    spatial_retrain.chosen_architecture(context, SPACE)


@dataclass(frozen=True)
class Command:
    """A command on a run's folder, and the run's files that it needs."""

    main: Main
    needs: tuple[str, ...]
    arguments: tuple[str, ...] = ("{run}",)


COMMANDS = {
    "track": Command(
        track.main, ("config.yaml", "environment.json", PART, ALLOCATION_PART),
        ("{run}", "--tracking-uri", "{uri}"),
    ),
    "search": Command(
        search.main, ("config.yaml", "environment.json"),
        ("--config", "{run}/config.yaml"),
    ),
    "merge": Command(merge.main, (PART,), ("{run}", "--into", "merged", "--storage", "{tmp}")),
    "merge temporal": Command(
        merge.main, (ALLOCATION_PART,),
        ("{run}", "--into", "merged", "--storage", "{tmp}", "--stage", "temporal_search"),
    ),
    "compare": Command(
        compare.main, ("config.yaml", "allocation_retrained.safetensors"), ("{run}", "--out", "{tmp}/out")
    ),
    "predict": Command(
        predict.main, ("allocation_retrained.safetensors",),
        ("--run", "{run}", "--frames", "{frames}", "--boxes", "whole-frame", "--out", "{tmp}/out"),
    ),
    "export": Command(
        export.main, ("network.safetensors",),
        ("--checkpoint", "{run}/network.safetensors", "--out", "{tmp}/out"),
    ),
    "report": Command(
        of_stage(report.run), (PART, ALLOCATION_PART, "best.json", "allocation.json",
                               "allocation_retrained.json"),
    ),
    "spatial_search": Command(of_stage(spatial_search.run), (PART,)),
    "spatial_retrain": Command(of_stage(spatial_retrain.run), ("best.json", "network.json")),
    "chosen architecture": Command(of_stage(chosen), ("best.json",)),
    "temporal_search": Command(of_stage(temporal_search.run), (ALLOCATION_PART,)),
    "temporal_retrain": Command(
        of_stage(temporal_retrain.run), ("allocation.json", "allocation_retrained.json")
    ),
    "warm start": Command(of_reader(lambda run: usable_rows([run.path], "spatial_search", "e")), (PART,)),
    "warm start rows": Command(
        of_stage(lambda context: warm_start_rows(context, "spatial_search", "e")),
        ("warm_start_spatial_search.parquet",),
    ),
    "supernet": Command(
        of_reader(lambda run: load_supernet(run.supernet, SPACE)), ("supernet.safetensors",)
    ),
    "T supernet": Command(
        of_reader(lambda run: load_temporal_supernet(run.temporal_supernet)),
        ("temporal_supernet.safetensors",),
    ),
    "latencies": Command(
        of_reader(lambda run: LatencyTable(run.latency_table)), ("latency.parquet/PART",)
    ),
    "latency predictor": Command(
        of_reader(lambda run: LatencyPredictor.load(run.latency_predictor, SETTING)),
        ("latency_predictor.json",),
    ),
}  # fmt: skip


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def noise(path: Path) -> None:
    path.write_bytes(bytes(range(256)))


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "kept").write_text("kept")


def a_list(path: Path) -> None:
    path.write_text("[1, 2]")


def null(path: Path) -> None:
    path.write_text("null")


def no_fields(path: Path) -> None:
    path.write_text("{}")


def deep(path: Path) -> None:
    path.write_text("[" * 100_000)


def deep_within(path: Path) -> None:
    path.write_text('{"key": ' + '{"a": ' * 50_000 + "1" + "}" * 50_001)


def latin_1(path: Path) -> None:
    path.write_bytes('{"key": "é", "run_id": "é"}'.encode("latin-1"))


def other_types(path: Path) -> None:
    """Numbers where texts belong, and the other way round."""
    path.write_text(json.dumps(_swapped(json.loads(path.read_text()))))


def not_a_number(path: Path) -> None:
    path.write_text(json.dumps(_swapped(json.loads(path.read_text()), float("nan"))))


def _swapped(value: Any, number: Any = "many") -> Any:
    if isinstance(value, dict):
        return {key: _swapped(inner, number) for key, inner in value.items()}
    if isinstance(value, list):
        return [_swapped(inner, number) for inner in value]
    return number if isinstance(value, float | int) else 7


def other_columns(path: Path) -> None:
    pq.write_table(pa.table({"a": [1], "b": ["x"]}), path)


def other_column_types(path: Path) -> None:
    table = pq.ParquetFile(path).read()
    texts = {name: [str(value) + " x" for value in table[name].to_pylist()] for name in table.column_names}
    pq.write_table(pa.table(texts), path)


def nulls(path: Path) -> None:
    table = pq.ParquetFile(path).read()
    pq.write_table(pa.Table.from_pylist([dict.fromkeys(table.column_names)], table.schema), path)


def other_weights(path: Path) -> None:
    import torch

    save_weights(path, {"w": torch.zeros(2)}, {"key": "another"})


ANY = (cut, empty, noise, a_folder)
DAMAGES: dict[str, tuple[Callable[[Path], None], ...]] = {
    ".json": (*ANY, a_list, null, no_fields, deep, deep_within, latin_1, other_types, not_a_number),
    ".yaml": (empty, noise, a_folder, a_list, null, deep, latin_1),
    ".parquet": (*ANY, other_columns, other_column_types, nulls),
    ".safetensors": (*ANY, other_weights),
}
OUTBOX = ("tracking.jsonl", "tracking.sent")  # a line that is no record is passed by
ENVIRONMENT = "environment.json"  # with what a run's trainings began
ALSO = {
    "report": (ENVIRONMENT,),
    "spatial_search": (ENVIRONMENT, "best.json"),  # made anew, with Ray
    "temporal_search": (ENVIRONMENT, "allocation.json"),
}
KEY_ALONE = ("spatial_retrain", "temporal_retrain")  # they need a key, and files of other programs have none
CASES = [
    (name, needed, damage)
    for name, command in COMMANDS.items()
    for needed in command.needs
    for damage in DAMAGES[Path(needed).suffix or ".parquet"]
    if not (damage is no_fields and name in KEY_ALONE)
]


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory, synthetic_root: Path) -> Path:
    """A whole run, and a copy of it to make it whole again."""
    storage = tmp_path_factory.mktemp("damaged")
    folder = whole_run(storage, synthetic_root)
    shutil.copytree(folder.path, storage / "backup")
    return storage / "backup"


@pytest.fixture
def whole(backup: Path) -> Iterator[Path]:
    path = backup.with_name("whole")
    yield path
    shutil.rmtree(path)
    shutil.copytree(backup, path)


def place_of(run: Path, needed: str) -> Path:
    return next((run / needed).parent.glob("*")) if needed.endswith("PART") else run / needed


def others(run: Path, damaged: Path) -> dict[str, bytes]:
    """What lies beside the damaged file, but what tracking keeps for itself and a run's lock."""
    own = (LOCK, "tracking.sent", "tracking.jsonl")
    return {
        str(path): path.read_bytes()
        for path in run.rglob("*")
        if path.is_file() and path.name not in own and damaged not in (path, *path.parents)
    }


@pytest.mark.parametrize(("name", "needed", "damage"), CASES)
def test_a_damaged_file_is_named_in_one_line_and_all_others_stay(
    name: str, needed: str, damage: Callable[[Path], None], whole: Path, tmp_path: Path, synthetic_root: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    command, place = COMMANDS[name], place_of(whole, needed)
    damage(place)
    before = others(whole, place)
    words = {"run": whole, "tmp": tmp_path, "uri": f"sqlite:///{tmp_path / 'mlflow.db'}",
             "frames": synthetic_root}  # fmt: skip
    assert run_command(command.main, [word.format(**words) for word in command.arguments]) == 2
    said = capsys.readouterr()
    assert_one_line(said.err)
    assert place.name in said.err
    assert others(whole, place) == before
    assert list(tmp_path.iterdir()) == []


DO_WORK = ("track", "merge", "compare", "predict", "report", "spatial_search", "temporal_search")


@pytest.mark.parametrize("name", DO_WORK)
def test_a_command_does_its_work_beside_hidden_files_and_damage_that_it_does_not_need(
    name: str, whole: Path, tmp_path: Path, synthetic_root: Path, mlflow_database: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    command = COMMANDS[name]
    stage = "temporal_search-" if name == "merge" else "none"  # merge reads one stage's trials
    shutil.copyfile(mlflow_database, tmp_path / "mlflow.db")
    for path in [path for path in whole.rglob("*") if path.is_file() and path.name not in OUTBOX]:
        needed = (*command.needs, *ALSO.get(name, ()), "config.yaml")
        if str(path.relative_to(whole)) not in needed and (
            path.parent.name != "trials.parquet" or path.name.startswith(stage)
        ):
            noise(path)
        noise(path.with_name(f"._{path.name}"))
        noise(path.with_name(".DS_Store"))
    words = {"run": whole, "tmp": tmp_path, "uri": f"sqlite:///{tmp_path / 'mlflow.db'}",
             "frames": next((synthetic_root / "posetrack18" / "images" / "val").iterdir())}  # fmt: skip
    code = run_command(command.main, [word.format(**words) for word in command.arguments])
    assert (code, capsys.readouterr().err.startswith("error")) == (0, False)
