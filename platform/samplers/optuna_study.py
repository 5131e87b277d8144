"""The search as an Optuna study on a journal file, for Optuna's own tools; no sampler reads it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Generic, final
from weakref import finalize

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend, JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from platform.feasible.feasible_set import C, FeasibleSet
from platform.samplers.sampler import Observation

NAME = "spatial_search"
DIRECTIONS = (StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE)  # AP, GMACs
_ENCODER = json.JSONEncoder(separators=(",", ":"))
FEASIBLE = "feasible"  # name of the constraint: above 0 where a candidate breaks the bounds


@final
class SearchStudy(Generic[C]):
    """One run's study. The results table is the truth; a resumed run writes the study anew from it.

    A trial is written once, when it is finished: one line of the journal, not one for each dimension. Lines
    are not synced, for nothing is lost with them, and nothing is kept: 100,000 trials of Optuna take GBs.
    """

    def __init__(self, journal: Path, feasible: FeasibleSet[C]) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        journal.unlink(missing_ok=True)
        self.feasible = feasible
        optuna.create_study(
            study_name=NAME, storage=JournalStorage(JournalFileBackend(str(journal))), directions=DIRECTIONS
        )
        self._lines = _Lines(journal)
        self._storage = JournalStorage(self._lines)
        self._record, self._distributions = _example(feasible)
        self._places = {
            name: {option: place for place, option in enumerate(options)}
            for name, options in feasible.dimensions().items()
        }

    def tell(self, observation: Observation[C], allowed: bool) -> None:
        """Writes down a result. One that is not `allowed`, of another run, breaks a constraint."""
        now, described = datetime.now(UTC).isoformat(), self.feasible.describe(observation.candidate)
        record = self._record | {
            "datetime_start": now,
            "datetime_complete": now,
            "state": state_of(observation),
            "values": values_of(observation),
            "params": {name: self._places[name][value] for name, value in described.items()},
            "user_attrs": {"key": observation.candidate.key},
            "system_attrs": constraint_of(allowed),
        }
        self._lines.add(f'{_text(record)[:-1]},"distributions":{self._distributions}}}')

    def note(self, name: str, value: float) -> None:
        """Writes down a figure of the search itself, among the study's attributes."""
        self._storage.set_study_user_attr(0, name, value)


@final
class _Lines(BaseJournalBackend):
    """A journal that is written and never read, so that its writer holds no trials."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        finalize(self, self._file.close)

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        return ()

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        for log in logs:
            self.add(_text(log))

    def add(self, line: str) -> None:
        self._file.write(f"{line}\n".encode())


@final
class _Logs(BaseJournalBackend):
    """A journal in memory."""

    def __init__(self) -> None:
        self.logs: list[dict[str, Any]] = []

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        return self.logs[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        self.logs += logs


def state_of(observation: Observation) -> TrialState:
    return TrialState.FAIL if observation.ap is None else TrialState.COMPLETE


def values_of(observation: Observation) -> list[float] | None:
    """AP and GMACs, in the order of DIRECTIONS; None without an AP."""
    return None if observation.ap is None else [observation.ap, observation.gmacs]


def constraint_of(allowed: bool) -> dict[str, Any]:
    """The system attributes by which Optuna knows whether a trial keeps the bounds."""
    return dict(_constraint(allowed))


@cache
def _constraint(allowed: bool) -> Mapping[str, Any]:
    trial = FrozenTrial(
        0, TrialState.RUNNING, None, None, None, params={}, distributions={}, user_attrs={}, system_attrs={},
        intermediate_values={}, trial_id=0,
    )  # fmt: skip
    trial.set_constraint(FEASIBLE, 0 if allowed else 1)
    return trial.system_attrs


def _example(feasible: FeasibleSet[C]) -> tuple[dict[str, Any], str]:
    """A trial as Optuna writes it into a journal, and apart from it the distributions, alike in all."""
    logs, options = _Logs(), feasible.dimensions()
    study = optuna.create_study(storage=JournalStorage(logs), directions=DIRECTIONS)
    trial = create_trial(
        values=[0.0, 0.0],
        params={name: values[0] for name, values in options.items()},
        distributions={name: CategoricalDistribution(values) for name, values in options.items()},
    )
    study.add_trial(trial)
    record = dict(logs.logs[-1])
    return record, _text(record.pop("distributions"))


def _text(record: dict[str, Any]) -> str:
    return _ENCODER.encode(record)
