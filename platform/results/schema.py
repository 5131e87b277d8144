"""One row per trial: the columns, with unit and direction where a reader of the Parquet file finds them.

`people` is on how many the score was taken; fewer than in other rows, and the trial ended at the first rung.
`evaluation` is a digest of all that a score depends on beside the architecture: scores of equal digests may
be compared.
`ap_all`, `frame_aps` (a JSON list) and `cached_frames` are of allocations over frames, whose `ap` is the mean
over the frames behind the key frame. `origin` is where a row was taken over from, RUN#TRIAL, null where this
run evaluated it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

import pyarrow as pa

Direction = Literal["maximize", "minimize", ""]


@final
@dataclass(frozen=True, slots=True)
class Column:
    """A column of the trials table."""

    name: str
    type: pa.DataType
    title: str = ""
    unit: str = ""
    direction: Direction = ""


_TEXT, _COUNT, _FIGURE = pa.string(), pa.int64(), pa.float64()
_SCORES = (
    ("ap", "AP"), ("ap50", "AP50"), ("ap75", "AP75"), ("ap_medium", "AP medium"), ("ap_large", "AP large"),
    ("ar", "AR"), ("ar50", "AR50"), ("ar75", "AR75"), ("ar_medium", "AR medium"), ("ar_large", "AR large"),
)  # fmt: skip

COLUMNS: tuple[Column, ...] = (
    Column("run", _TEXT, "Run"),
    Column("stage", _TEXT, "Stage"),
    Column("trial", _COUNT, "Trial"),
    Column("key", _TEXT, "Architecture key"),
    Column("architecture", _TEXT, "Architecture"),
    Column("space", _TEXT, "Search space"),
    Column("params", _COUNT, "Parameters", "parameters", "minimize"),
    Column("macs", _COUNT, "Computation", "MACs", "minimize"),
    Column("gmacs", _FIGURE, "Computation", "GMACs", "minimize"),
    Column("latency_ms", _FIGURE, "Latency", "ms", "minimize"),
    Column("predicted_latency_ms", _FIGURE, "Predicted latency", "ms", "minimize"),
    *(Column(name, _FIGURE, title, "", "maximize") for name, title in _SCORES),
    Column("ap_all", _FIGURE, "AP of all frames, key frames included", "", "maximize"),
    Column("frame_aps", _TEXT, "AP of the key frame and of each frame"),
    Column("cached_frames", _COUNT, "Remembered from other candidates", "frames"),
    Column("people", _COUNT, "Scored on", "people"),
    Column("first_look_ap", _FIGURE, "AP at first look"),
    Column("recalibrate_s", _FIGURE, "BatchNorm recalibration", "s"),
    Column("evaluate_s", _FIGURE, "Prediction and scoring", "s"),
    Column("total_s", _FIGURE, "Whole trial", "s"),
    Column("seed", _COUNT, "Seed"),
    Column("status", _TEXT, "Status"),
    Column("error", _TEXT, "Error"),
    Column("sampler", _TEXT, "Sampler"),
    Column("constraint", _TEXT, "Constraint"),
    Column("evaluation", _TEXT, "Evaluation"),
    Column("origin", _TEXT, "Origin"),
    Column("worker", _TEXT, "Worker"),
    Column("finished_at", pa.timestamp("us", tz="UTC"), "Finished at"),
)

METRICS = tuple(
    column.name for column in COLUMNS if column.direction or column.unit == "s"
)  # what a tracking server charts


def arrow_schema() -> pa.Schema:
    """The schema with title, unit and direction in each field's metadata."""
    return pa.schema(
        [
            pa.field(
                column.name,
                column.type,
                metadata={"title": column.title, "unit": column.unit, "direction": column.direction},
            )
            for column in COLUMNS
        ]
    )
