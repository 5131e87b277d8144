"""A synthetic run folder: plausible trials in the schema the analysis reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Row = dict[str, Any]
WriteRun = Callable[..., Path]

AP_PARTS = ("ap", "ap50", "ap75", "ap_medium", "ap_large", "ar", "ar50", "ar75", "ar_medium", "ar_large")
TITLES = dict(zip(AP_PARTS, ("AP", "AP50", "AP75", "AP medium", "AP large", "AR"), strict=False))


def _field(name: str, kind: pa.DataType, unit: str = "", direction: str = "", title: str = "") -> pa.Field:
    return pa.field(name, kind, metadata={"unit": unit, "direction": direction, "title": title or name})


SCHEMA = pa.schema(
    [
        *(_field(name, pa.string()) for name in ("run", "stage")),
        _field("trial", pa.int64()),
        *(_field(name, pa.string()) for name in ("key", "architecture", "space")),
        _field("params", pa.int64(), "parameters", "minimize", "Parameters"),
        _field("macs", pa.int64(), "MACs", "minimize", "Computation"),
        _field("gmacs", pa.float64(), "GMACs", "minimize", "Computation"),
        *(_field(name, pa.float64(), "", "maximize", TITLES.get(name, name)) for name in AP_PARTS),
        *(_field(name, pa.float64(), "s", "", name) for name in ("recalibrate_s", "evaluate_s", "total_s")),
        _field("seed", pa.int64()),
        *(_field(name, pa.string()) for name in ("status", "error", "sampler", "worker")),
        _field("finished_at", pa.timestamp("us", tz="UTC")),
    ]
)


def synthetic_row(trial: int, **changes: Any) -> Row:
    """One finished trial; `changes` set or replace fields."""
    row: Row = dict.fromkeys(SCHEMA.names) | dict.fromkeys(AP_PARTS, 0.5)
    row |= {
        "run": "synthetic",
        "stage": "spatial_search",
        "trial": trial,
        "key": f"mobilenetv3-{trial:016x}",
        "architecture": synthetic_architecture(np.random.default_rng(trial)),
        "space": "mobilenetv3",
        "params": 1_000_000,
        "macs": 500_000_000,
        "gmacs": 0.5,
        "seed": 7,
        "status": "finished",
        "finished_at": datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=trial),
    }
    return row | changes


def failed_row(trial: int, **changes: Any) -> Row:
    nothing = dict.fromkeys(AP_PARTS)
    return synthetic_row(trial, **nothing, status="failed", error="out of memory") | changes


def synthetic_architecture(rng: np.random.Generator) -> str:
    def stage(widths: Sequence[int], expansion: int = 1) -> Row:
        width = int(rng.choice(widths))
        return {
            "depth": int(rng.integers(1, 5)),
            "width": width,
            "kernel": int(rng.choice([3, 5, 7])),
            "groups": width * expansion,
            "attention": bool(rng.integers(2)),
            "expansion": expansion,
        }

    stem = {"depth": 1, "width": 16, "kernel": 3, "groups": 1, "attention": False, "expansion": 1}
    head = {"depth": 3, "width": 160, "kernel": 4, "groups": 160, "attention": False, "expansion": 1}
    widths = ([16, 24], [24, 32], [40, 48], [80, 96], [96, 112], [144, 160])
    stages = [stage(each, int(rng.integers(1, 7))) for each in widths]
    return json.dumps({"head": head, "space": "mobilenetv3", "stages": stages, "stem": stem}, sort_keys=True)


def synthetic_trials(count: int = 40, seed: int = 3) -> list[Row]:
    """`count` trials whose AP rises with computation and levels off, two of them failed."""
    rng = np.random.default_rng(seed)
    rows = []
    for trial in range(count):
        gmacs = float(rng.uniform(0.12, 0.60))
        ap = 0.74 - 0.045 / gmacs - float(rng.gamma(1.6, 0.016))
        parts = {"ap50": ap + 0.19, "ap75": ap + 0.07, "ap_medium": ap - 0.03, "ap_large": ap + 0.05}
        costs = {"gmacs": gmacs, "macs": int(gmacs * 1e9), "params": int(gmacs * 9e6)}
        rows.append(synthetic_row(trial, **costs, **parts, ap=ap, ar=ap + 0.06))
    return [failed_row(r["trial"], gmacs=r["gmacs"]) if r["trial"] in (11, 29) else r for r in rows]


def write_run(folder: Path, rows: Sequence[Row], parts: int = 1, schema: pa.Schema = SCHEMA) -> Path:
    """Write rows as `parts` Parquet files of a run folder, and return the folder."""
    target = folder / "trials.parquet"
    target.mkdir(parents=True, exist_ok=True)
    start = len(list(target.iterdir()))
    for part in range(parts):
        table = pa.Table.from_pylist(list(rows[part::parts]), schema=schema)
        pq.write_table(table, target / f"part-{start + part:05d}.parquet")
    return folder


@pytest.fixture
def row() -> Callable[..., Row]:
    return synthetic_row


@pytest.fixture
def failed() -> Callable[..., Row]:
    return failed_row


@pytest.fixture
def schema() -> pa.Schema:
    return SCHEMA


@pytest.fixture
def write(tmp_path: Path) -> WriteRun:
    """write(rows, parts=1, schema=SCHEMA) makes a run folder under tmp_path."""
    return lambda rows, **how: write_run(tmp_path / "run", rows, **how)


@pytest.fixture
def synthetic_run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", synthetic_trials(), parts=3)
