"""The trials of a run as one DataFrame that still knows each column's unit and direction.

They come from the metadata of the Arrow fields, so Pareto code and axis labels follow the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, final

import pandas as pd
import pyarrow as pa

from analysis.errors import AnalysisError
from analysis.parquet_size import read_bounded

TRIALS = "trials.parquet"
SCORES = ("ap", "ap50", "ap75", "ap_medium", "ap_large", "ar")
REQUIRED = ("run", "stage", "trial", "key", "architecture", "status", "params", "gmacs", *SCORES)
TEXT_COLUMNS = ("run", "stage", "key", "architecture", "status")
REQUIRED_COLUMNS = (*TEXT_COLUMNS, "trial")
READ_ATTEMPTS = 5
COLUMNS_ATTR = "columns"  # DataFrame.attrs holds plain dicts: pandas writes attrs as JSON

Direction = Literal["maximize", "minimize", ""]


@final
@dataclass(frozen=True, slots=True)
class Column:
    """What the schema says of one column; `direction` is empty where no value is better than another."""

    name: str
    unit: str = ""
    direction: Direction = ""
    title: str = ""

    @property
    def has_unit(self) -> bool:
        """False when the unit would only repeat the title."""
        return self.unit.casefold() not in ("", "1", (self.title or self.name).casefold())

    @property
    def label(self) -> str:
        """Text of an axis: the title, and the unit in parentheses."""
        title = self.title or self.name
        return f"{title} ({self.unit})" if self.has_unit else title


def read_trials(run_folder: Path | str, stage: str | None = None) -> pd.DataFrame:
    """Every trial of a run, failed ones too, in order of stage and trial.

    `failed` is added: True where the status is not "finished". `partial` too: True where a trial was scored
    on fewer people than others of its stage, so that its score may not be compared with theirs.
    `column(frame, name)` gives units and directions. With `stage`, only that stage's trials.
    Raises AnalysisError, naming the folder or file, when there are no trials or they cannot be read.
    """
    folder = Path(run_folder)
    tables = _read_parts(folder)
    columns = _agreed_columns(tables, folder)
    frame = _join(tables, folder).to_pandas(ignore_metadata=True)
    if stage is not None:
        frame = _only_stage(frame, stage, folder)
    if frame.empty:
        raise AnalysisError(
            f"{folder / TRIALS} holds no trial yet. Wait for the first, or run the search again."
        )
    # A search that was killed while it packed its parts left some rows in two of them.
    frame = frame.drop_duplicates(["stage", "trial"], keep="last")
    frame = frame.sort_values(["stage", "trial"], kind="stable", ignore_index=True)
    frame["failed"] = frame["status"] != "finished"
    frame["partial"] = _partial(frame)
    frame.attrs[COLUMNS_ATTR] = {name: asdict(each) for name, each in columns.items()}
    return frame


def column(frame: pd.DataFrame, name: str) -> Column:
    """What the schema said of a column. Raises AnalysisError, listing the columns, for an unknown one."""
    if name not in frame.columns:
        known = ", ".join(map(str, frame.columns))
        raise AnalysisError(f"no column {name!r} among the trials; there are {known}.")
    return Column(**frame.attrs.get(COLUMNS_ATTR, {}).get(name, {"name": name}))


def declare(frame: pd.DataFrame, new: Column) -> pd.DataFrame:
    """A copy of the trials with a column's unit and direction set: for a column computed after reading."""
    result = frame.copy()
    result.attrs[COLUMNS_ATTR] = {**frame.attrs.get(COLUMNS_ATTR, {}), new.name: asdict(new)}
    column(result, new.name)
    return result


def directions(frame: pd.DataFrame, objectives: Sequence[str]) -> tuple[Direction, ...]:
    """Direction of each objective. Raises AnalysisError for a column that has none."""
    found = [column(frame, name) for name in objectives]
    for each in found:
        if not each.direction:
            raise AnalysisError(
                f"an objective needs a direction, and column {each.name!r} has none in its metadata. "
                "Choose another, or give it one with analysis.trials.declare."
            )
    return tuple(each.direction for each in found)


def comparable(trials: pd.DataFrame) -> pd.DataFrame:
    """The finished trials that were scored on as many people as any other of their stage."""
    partial = trials["partial"] if "partial" in trials else _partial(trials)
    return trials[~(trials["failed"] | partial)]


def _partial(frame: pd.DataFrame) -> pd.Series:
    """Which trials were scored on fewer people than others; False where it is not known: scored on all."""
    if "people" not in frame:
        return pd.Series(False, index=frame.index)
    people = frame["people"].where(frame["status"] == "finished").astype("float64")
    return people < people.groupby(frame["stage"]).transform("max")


def _read_parts(folder: Path) -> list[pa.Table]:
    """All parts as they lie at one moment: a search that runs meanwhile may pack some and remove them."""
    for _ in range(READ_ATTEMPTS - 1):
        with suppress(FileNotFoundError):
            return [_read_part(part) for part in _parts(folder)]
    return [_read_part(part) for part in _parts(folder)]


def _parts(folder: Path) -> list[Path]:
    path = folder / TRIALS
    if path.is_file():
        return [path]
    parts = sorted(part for part in path.glob("*.parquet") if not part.name.startswith((".", "_")))
    if not parts:
        missing = "has no part files" if path.is_dir() else "is not there"
        raise AnalysisError(
            f"no trials in {folder}: {path} {missing}. Give the folder of a run whose search has begun."
        )
    return parts


def _read_part(part: Path) -> pa.Table:
    try:
        table = read_bounded(part)
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise AnalysisError(
            f"cannot read {part} as Parquet: {error}. Move it away to read the others."
        ) from error
    missing = [name for name in REQUIRED if name not in table.column_names]
    if missing:
        raise AnalysisError(f"{part} is not a table of trials: it lacks {', '.join(missing)}.")
    if wrong := [name for name in REQUIRED if not _fits(name, table.schema.field(name).type)]:
        raise AnalysisError(f"{part} is not a table of trials: of another type is {', '.join(wrong)}.")
    if empty := [name for name in REQUIRED_COLUMNS if table[name].null_count]:
        raise AnalysisError(f"{part} is not a table of trials: without a value is {', '.join(empty)}.")
    return table


def _fits(name: str, kind: pa.DataType) -> bool:
    if pa.types.is_null(kind):
        return True
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind)
    return is_text if name in TEXT_COLUMNS else pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _agreed_columns(tables: Sequence[pa.Table], folder: Path) -> dict[str, Column]:
    """The columns of all parts: a later part may add some, and may not change what one means."""
    known: dict[str, Column] = {}
    for new in (_column(field) for table in tables for field in table.schema):
        old = known.setdefault(new.name, new)
        if (old.unit, old.direction) != (new.unit, new.direction):
            raise AnalysisError(
                f"the parts of {folder / TRIALS} disagree on {new.name!r}: {old} and {new}. "
                "Keep runs of different versions in different folders."
            )
    return known


def _join(tables: Sequence[pa.Table], folder: Path) -> pa.Table:
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException as error:
        raise AnalysisError(f"the parts of {folder / TRIALS} do not fit together: {error}") from error


def _only_stage(frame: pd.DataFrame, stage: str, folder: Path) -> pd.DataFrame:
    known = sorted(set(frame["stage"]))
    if stage not in known:
        raise AnalysisError(f"no stage {stage!r} in {folder / TRIALS}; there are {', '.join(known)}.")
    return frame[frame["stage"] == stage]


def _column(field: pa.Field) -> Column:
    facts = {name.decode(): value.decode() for name, value in (field.metadata or {}).items()}
    direction = facts.get("direction", "")
    if direction not in ("maximize", "minimize", ""):
        raise AnalysisError(
            f"direction of column {field.name!r} must be 'maximize', 'minimize' or empty; got {direction!r}."
        )
    return Column(field.name, facts.get("unit", ""), direction, facts.get("title", ""))
