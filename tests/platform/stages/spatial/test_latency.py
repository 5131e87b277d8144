"""The latency that a search bounds: measured by real Ray actors, kept in the run's folder, never exceeded."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from platform.config.run import RunConfig
from platform.config.sections.data import SpaceConfig
from platform.config.sections.resources import ResourceConfig
from platform.config.sections.search import SearchConfig
from platform.feasible.architectures import FeasibleArchitectures
from platform.latencies.sources import MeasuredLatency
from platform.latencies.table import LatencyRow, LatencyTable
from platform.run.cluster import ray_session
from platform.run.context import Run
from platform.run.folder import open_run_folder
from platform.stages.spatial.latency import enough_undisturbed, latency_constraint
from platform.terminal.errors import ConfigError
from platform.tracking.sender import Tracking
from spaces.architecture import Architecture
from spaces.constraint import Constraint
from spaces.errors import ConstraintError
from spaces.registry import build_space
from workers.errors import DataError
from workers.latency.measure import Setting
from workers.latency.predictor import train_predictor

INPUT_HW = (64, 32)
SPACE = build_space("mobilenetv3-small", 5, INPUT_HW)
RESOURCES = ResourceConfig(cpus=2, object_store_mib=100, slots=1)
ANY = Constraint()


@pytest.fixture(scope="module")
def session() -> Iterator[None]:
    with ray_session(RESOURCES):
        yield


def context(storage: Path, **search: Any) -> tuple[Run, io.StringIO]:
    config = RunConfig(
        name="run", storage=storage, resources=RESOURCES,
        space=SpaceConfig(name=SPACE.name, input_hw=INPUT_HW),
        search=SearchConfig(latency_samples=10, **search),
    )  # fmt: skip
    said = io.StringIO()
    console = Console(file=said, width=500)
    return Run(config, open_run_folder(config), cast(Tracking, None), console), said


def true_ms(architecture: Architecture) -> float:
    """Stands in for a stopwatch."""
    return 1 + 1000 * SPACE.cost(architecture).gmacs


def row_of(architecture: Architecture, **other: Any) -> LatencyRow:
    figures = dict.fromkeys(("median_ms", "p10_ms", "p90_ms"), true_ms(architecture))
    control = {"control_ms": 1.0, "quiet_ms": 1.0, "control_ratio": 1.0, "runs": 9, "steady": True}
    about = {"key": architecture.key, "architecture": architecture.to_json(), "cpu": "Some CPU"}
    return figures | control | about | {"cores": [1]} | other


class Stopwatch:
    def __init__(self) -> None:
        self.measured: list[str] = []

    def __call__(self, architecture: Architecture) -> LatencyRow:
        self.measured.append(architecture.key)
        return row_of(architecture)


@pytest.mark.parametrize("optimism", [0.5, 1.0])
def test_nothing_above_the_bound_is_proposed_though_the_predictor_errs(
    tmp_path: Path, optimism: float
) -> None:
    rng, stopwatch = np.random.default_rng(0), Stopwatch()
    bound_ms = float(np.median([true_ms(SPACE.sample(rng)) for _ in range(50)]))
    latency = MeasuredLatency(
        lambda each: optimism * true_ms(each), 0.1, bound_ms, LatencyTable(tmp_path / "table"), stopwatch
    )
    feasible = FeasibleArchitectures(SPACE, ANY, latency, bound_ms)

    proposed = [feasible.sample(rng) for _ in range(20)]

    assert max(map(true_ms, proposed)) <= bound_ms
    assert {each.key for each in proposed} <= set(stopwatch.measured), "each was measured before"
    assert len(stopwatch.measured) == len(set(stopwatch.measured)), "none twice"
    columns = latency.columns(proposed[0])
    assert columns == {
        "latency_ms": true_ms(proposed[0]), "predicted_latency_ms": optimism * true_ms(proposed[0]),
    }  # fmt: skip


def test_what_was_measured_is_known_after_a_restart(tmp_path: Path) -> None:
    def latency(stopwatch: Stopwatch) -> MeasuredLatency:
        return MeasuredLatency(true_ms, 0.1, 1e9, LatencyTable(tmp_path / "table"), stopwatch)

    first, second, architecture = Stopwatch(), Stopwatch(), SPACE.smallest()
    before = latency(first)(architecture)

    assert latency(second)(architecture) == before == true_ms(architecture)
    assert (len(first.measured), len(second.measured)) == (1, 0)


def test_a_hopeless_architecture_is_not_measured(tmp_path: Path) -> None:
    stopwatch = Stopwatch()
    bound_ms = true_ms(SPACE.smallest())
    latency = MeasuredLatency(true_ms, 0.1, bound_ms, LatencyTable(tmp_path / "table"), stopwatch)

    assert latency(SPACE.biggest()) > bound_ms
    assert stopwatch.measured == []
    assert latency.columns(SPACE.biggest())["latency_ms"] is None
    with pytest.raises(ConstraintError, match=r"Raise search\.max-latency-ms"):
        FeasibleArchitectures(SPACE, ANY, lambda _: bound_ms * 2, bound_ms).sample(np.random.default_rng(0))


def test_a_row_is_disturbed_in_the_light_of_a_quieter_time(tmp_path: Path) -> None:
    table = LatencyTable(tmp_path / "table")
    table.put(row_of(SPACE.smallest(), control_ms=2.0, quiet_ms=2.0))
    assert table.is_undisturbed(SPACE.smallest().key, 1.1)

    table.put(row_of(SPACE.biggest()))

    assert not table.is_undisturbed(SPACE.smallest().key, 1.1)
    assert table.is_undisturbed(SPACE.biggest().key, 1.1)
    assert not LatencyTable(tmp_path / "table").is_undisturbed(SPACE.smallest().key, 1.1)


@pytest.mark.parametrize(
    ("undisturbed", "samples", "enough"), [(9, 10, False), (10, 10, True), (10, 20, True), (19, 40, False)]
)
def test_disturbed_measurements_are_left_out_where_the_others_are_enough_to_learn_from(
    undisturbed: int, samples: int, enough: bool
) -> None:
    assert enough_undisturbed(undisturbed, samples) is enough


def test_a_search_without_latency_pays_nothing(tmp_path: Path) -> None:
    asked, said = context(tmp_path)

    assert latency_constraint(asked, SPACE, ANY) is None
    assert said.getvalue() == ""
    assert not asked.folder.latency_table.exists()


def test_a_search_learns_once_and_goes_on_where_it_stopped(session: None, tmp_path: Path) -> None:
    asked, said = context(tmp_path, max_latency_ms=1000)
    latency = latency_constraint(asked, SPACE, ANY)

    assert latency is not None
    assert "onnxruntime on one core of " in said.getvalue()
    assert "% on average, rank correlation " in said.getvalue()
    table = pd.read_parquet(asked.folder.latency_table)
    assert len(table) == table["key"].nunique() == 10
    assert (table["median_ms"] > 0).all()
    small, big = SPACE.smallest(), SPACE.biggest()
    assert latency.columns(small) == {"latency_ms": None, "predicted_latency_ms": latency(small)}

    parts = sorted(asked.folder.latency_table.iterdir())
    times = {part.name: part.stat().st_mtime_ns for part in parts[1:]}
    learnt = asked.folder.latency_predictor.read_bytes()
    again = latency_constraint(asked, SPACE, ANY)
    assert again is not None
    assert (again(small), again(big)) == (latency(small), latency(big))
    assert asked.folder.latency_predictor.read_bytes() == learnt

    # Killed before it had learnt: one measurement is missing, and some were disturbed for all we know.
    asked.folder.latency_predictor.unlink()
    parts[0].unlink()
    table_before = LatencyTable(asked.folder.latency_table)
    keys = {name: name.removesuffix(".parquet") for name in times}
    undisturbed = {
        name: table_before[key] for name, key in keys.items() if table_before.is_undisturbed(key, 1.1)
    }
    latency_constraint(asked, SPACE, ANY)
    assert sorted(asked.folder.latency_table.iterdir()) == parts
    kept = {part.name for part in parts[1:] if part.stat().st_mtime_ns == times[part.name]}
    quiet = LatencyTable(asked.folder.latency_table)
    still_undisturbed = {
        name for name, row in undisturbed.items() if row["control_ms"] <= 1.1 * quiet.quiet_ms(row["cpu"])
    }
    assert still_undisturbed <= kept, "what was measured well is not measured again"


def test_measured_latency_needs_a_core_of_its_own(session: None, tmp_path: Path) -> None:
    asked, _ = context(tmp_path, latency_source="measured")
    _copy_of_a_predictor(asked)
    busy = replace(asked.config, resources=replace(RESOURCES, cpus_per_slot=2))

    with pytest.raises(ConfigError, match=r"needs 3 CPUs, 1 of them to measure on, but Ray has 2"):
        latency_constraint(replace(asked, config=busy), SPACE, ANY)


def test_another_runtime_refuses_the_runs_predictor(tmp_path: Path) -> None:
    asked, _ = context(tmp_path, max_latency_ms=5)
    _copy_of_a_predictor(asked)
    torch = replace(asked.config, search=replace(asked.config.search, latency_runtime="torch"))

    with pytest.raises(DataError, match="runtime onnxruntime, not torch"):
        latency_constraint(replace(asked, config=torch), SPACE, ANY)


def _copy_of_a_predictor(asked: Run) -> None:
    setting = Setting(space=SPACE.name, keypoints=SPACE.keypoints, input_hw=INPUT_HW, runtime="onnxruntime")
    rng = np.random.default_rng(0)
    samples = [(each, true_ms(each)) for each in (SPACE.sample(rng) for _ in range(20))]
    train_predictor(SPACE, setting, "Some CPU", samples).save(asked.folder.latency_predictor)
